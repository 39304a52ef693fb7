// A Kubernetes API: etcd and kube-apiserver. There are no controllers, no scheduler and no kubelet; what they would do for
// a gateway, pod.ts of each target does.
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTROL } from "./machine.ts";
import { Program } from "./process.ts";
import type { Programs } from "./programs.ts";

const PORT = 6443;
/** Of an administrator. The API listens on loopback of a machine that nobody else is on. */
const TOKEN = "administrator";

export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of many kinds
  spec?: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- likewise
  status?: any;
  data?: Record<string, string>;
}

export interface Outcome {
  ok: boolean;
  out: string;
  error: string;
}

export class Cluster {
  private constructor(
    private readonly programs: Programs,
    /** For the control planes. */
    readonly kubeconfig: string,
  ) {}

  static async start(programs: Programs): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "scopegate-cluster-"));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const etcd = "http://127.0.0.1:2379";
    Program.start("etcd", [
      programs.etcd,
      ...["--data-dir", join(folder, "etcd"), "--unsafe-no-fsync"],
      ...["--listen-client-urls", etcd, "--advertise-client-urls", etcd, "--listen-peer-urls", "http://127.0.0.1:2380"],
    ]);
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    const server = Program.start("kube-apiserver", [
      programs["kube-apiserver"],
      ...[`--etcd-servers=${etcd}`, "--bind-address=127.0.0.1", `--secure-port=${PORT}`],
      ...[`--advertise-address=${CONTROL}`, "--endpoint-reconciler-type=none"],
      ...[`--cert-dir=${folder}`, `--token-auth-file=${file("tokens.csv", `${TOKEN},admin,admin,system:masters\n`)}`],
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${file("sa.pub", publicKey)}`,
      `--service-account-signing-key-file=${file("sa.key", privateKey)}`,
      ...["--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC", "--allow-privileged"],
      // Webhooks are reached at the addresses of their EndpointSlices: there is no kube-proxy.
      ...["--enable-aggregator-routing=true", "--disable-admission-plugins=ServiceAccount"],
    ]);
    const cluster = new Cluster(programs, file("kubeconfig", clientConfiguration()));
    await server.until("ready", () => cluster.kubectl(["get", "--raw", "/readyz"]).out === "ok");
    return cluster;
  }

  kubectl(args: string[], input?: string): Outcome {
    const { status, stdout, stderr } = spawnSync(this.programs.kubectl, ["--kubeconfig", this.kubeconfig, ...args], {
      input,
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    return { ok: status === 0, out: stdout, error: stderr };
  }

  /** The same; throws what kubectl says when it fails. */
  do(args: string[], input?: string): string {
    const { ok, out, error } = this.kubectl(args, input);
    if (!ok) throw new Error(`kubectl ${args.join(" ")}: ${error}`);
    return out;
  }

  /** Applies objects as the documentation says: server-side, with unknown fields refused. */
  apply(objects: readonly object[]): void {
    const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
    this.do(["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-"], text);
  }

  delete(object: Resource): void {
    const { name, namespace = "default" } = object.metadata;
    this.do(["-n", namespace, "delete", object.kind, name, "--ignore-not-found"]);
  }

  get(kind: string, name: string, namespace = "default"): Resource | undefined {
    const { ok, out } = this.kubectl(["-n", namespace, "get", kind, name, "-o", "json"]);
    return ok ? (JSON.parse(out) as Resource) : undefined;
  }

  list(kind: string, selector: string, namespace: string): Resource[] {
    const out = this.do(["-n", namespace, "get", kind, "-l", selector, "-o", "json"]);
    return (JSON.parse(out) as { items: Resource[] }).items;
  }

  /** What a controller would write into an object's status. */
  setStatus(object: Resource, status: object): void {
    const { name, namespace = "default" } = object.metadata;
    const patch = ["--subresource=status", "--type=merge", "-p", JSON.stringify({ status })];
    this.do(["-n", namespace, "patch", object.kind, name, ...patch]);
  }

  /** Every condition of an object, of all parents and ancestors: type → the statuses that it has there. */
  conditions(object: Resource): Record<string, string> {
    const { name, namespace } = object.metadata;
    const found: Record<string, string> = {};
    collect(this.get(object.kind, name, namespace)?.status, found);
    return found;
  }
}

interface Condition {
  type: string;
  status: string;
  reason: string;
}

function collect(status: unknown, found: Record<string, string>): void {
  if (typeof status !== "object" || status === null) return;
  for (const [name, value] of Object.entries(status)) {
    if (name === "conditions" && Array.isArray(value))
      for (const condition of value as Condition[]) {
        const before = found[condition.type];
        const isNew = before === undefined || before === condition.status;
        found[condition.type] = isNew ? condition.status : `${before}, ${condition.status}`;
      }
    else collect(value, found);
  }
}

function clientConfiguration(): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: `https://127.0.0.1:${PORT}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token: TOKEN } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
}

/** A Service without a selector, and who answers for it. */
export function service(name: string, namespace: string, address: string, ports: Record<string, number>): object[] {
  const named = Object.entries(ports);
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { ports: named.map(([word, port]) => ({ name: word, port })) },
    },
    endpoints(name, namespace, address, ports),
  ];
}

export function endpoints(name: string, namespace: string, address: string, ports: Record<string, number>): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-1`, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: Object.entries(ports).map(([word, port]) => ({ name: word, port, protocol: "TCP" })),
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  };
}
