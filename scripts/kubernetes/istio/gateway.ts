// istiod outside of the cluster, and what controllers and kubelet would do with the Deployment that it makes for a Gateway:
// a Pod with its files, in which the real pilot-agent runs. The Envoy that the agent starts is a stock one.
import { copyFileSync, mkdtempSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpoints, service, type Cluster, type Resource } from "../cluster.ts";
import { available, definitionsFolder } from "../envoy-gateway/gateway.ts";
import { relay, type Gateway } from "../gateway.ts";
import { CONTROL, OUTSIDE, type PodNetwork } from "../machine.ts";
import { MCP_SERVER } from "../outside.ts";
import { Program } from "../process.ts";
import { moduleFolder, VERSIONS, type Programs } from "../programs.ts";

const SYSTEM = "istio-system";
export const NAMESPACE = "mcp";
const DEPLOYMENT = "mcp-istio";
const POD = `${DEPLOYMENT}-1`;
const ADMIN_PORT = 15_000;
const METRICS = "http://127.0.0.1:15014/metrics";
const HTTP_PORT = 15_080;

export class Istio implements Gateway {
  readonly port = 80;
  private agent: Program | undefined;

  private constructor(
    private readonly cluster: Cluster,
    private readonly control: Program,
    private readonly programs: Programs,
    private readonly envoyBinary: string,
    private readonly network: PodNetwork,
    private readonly adminAddress: string,
  ) {}

  /** Installs what istioctl prints for the minimal profile, and starts istiod. */
  static async start(cluster: Cluster, programs: Programs, envoy: string, network: PodNetwork): Promise<Istio> {
    cluster.do(["apply", "--server-side", "-f", join(definitionsFolder(), "gatewayapi-crds.yaml")]);
    cluster.apply([namespace(SYSTEM), namespace(NAMESPACE)]);
    install(cluster, programs);
    writeFileSync(
      "/etc/hosts",
      `127.0.0.1 localhost\n${CONTROL} istiod.${SYSTEM}.svc istiod.${SYSTEM}.svc.cluster.local\n`,
    );
    const command = [
      ...[programs["pilot-discovery"], "discovery", "--kubeconfig", cluster.kubeconfig],
      ...["--domain", "cluster.local", "--httpAddr", `127.0.0.1:${HTTP_PORT}`],
    ];
    const control = Program.start("istiod", command, {
      env: environment(cluster),
      cwd: mkdtempSync(join(tmpdir(), "istiod-")),
    });
    const answers = (url: string): Promise<boolean> =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      );
    await control.until(
      "ready",
      async () => (await answers(METRICS)) && (await answers(`http://127.0.0.1:${HTTP_PORT}/ready`)),
    );
    cluster.apply(surroundings());
    return new Istio(cluster, control, programs, envoy, network, relay(network, ADMIN_PORT));
  }

  get host(): string {
    return this.network.address;
  }

  /** Waits for the Deployment and runs its agent, with the environment and the files that it asks for. */
  async restart(): Promise<void> {
    await this.agent?.stop();
    const { cluster } = this;
    await this.control.until(
      "a Deployment of the Gateway",
      () => cluster.get("deployment", DEPLOYMENT, NAMESPACE) !== undefined,
    );
    const deployment = cluster.get("deployment", DEPLOYMENT, NAMESPACE)!;
    const { spec, metadata } = deployment.spec.template as { spec: PodSpec; metadata: Resource["metadata"] };
    this.play(deployment, spec, metadata);
    const folder = mkdtempSync(join(tmpdir(), "scopegate-pod-"));
    this.writeFiles(folder, spec, metadata);
    const [container] = spec.containers;
    const env: Record<string, string> = { HOME: folder, ...this.environmentOf(spec) };
    const args = container!.args.map((text) => text.replace(/\$\((\w+)\)/g, (_, name: string) => env[name] ?? ""));
    this.agent = Program.start("pilot-agent", [this.programs["pilot-agent"], ...args], {
      ...{ env, cwd: folder, prefix: this.network.prefix },
      mounts: { "/etc/istio": join(folder, "etc/istio"), "/var/lib/istio": join(folder, "var/lib/istio") },
    });
    await this.agent.until("ready", () =>
      this.admin("/ready").then(
        (page) => page.startsWith("LIVE"),
        () => false,
      ),
    );
  }

  async admin(path: string): Promise<string> {
    return (await fetch(`${this.adminAddress}${path}`)).text();
  }

  /** One of istiod's own metrics, the sum over its labels. */
  async metric(name: string): Promise<number> {
    const lines = (await (await fetch(METRICS)).text()).split("\n").filter((line) => line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  get envoyLog(): string {
    return this.agent?.log ?? "";
  }

  get controlLog(): string {
    return this.control.log;
  }

  private play(deployment: Resource, spec: PodSpec, { labels, annotations }: Resource["metadata"]): void {
    const { cluster } = this;
    const ip = this.network.address;
    const pod: Resource = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: POD, namespace: NAMESPACE, labels, annotations },
    };
    cluster.apply([{ apiVersion: "v1", kind: "Node", metadata: { name: "node1" } }]);
    cluster.do(["-n", NAMESPACE, "delete", "pod", POD, "--ignore-not-found", "--force", "--grace-period=0"]);
    cluster.apply([{ ...pod, spec: { ...spec, nodeName: "node1" } }]);
    const ready = ["Ready", "ContainersReady"].map((type) => ({ type, status: "True" }));
    cluster.setStatus(pod, { phase: "Running", podIP: ip, podIPs: [{ ip }], hostIP: ip, conditions: ready });
    const of: Resource = { apiVersion: "v1", kind: "service", metadata: { name: DEPLOYMENT, namespace: NAMESPACE } };
    cluster.apply([endpoints(DEPLOYMENT, NAMESPACE, ip, { "status-port": 15021, http: this.port })]);
    cluster.setStatus(of, { loadBalancer: { ingress: [{ ip }] } });
    cluster.setStatus(deployment, available(deployment));
  }

  private environmentOf({ containers, serviceAccountName }: PodSpec): Record<string, string> {
    const ip = this.network.address;
    const fields: Record<string, string> = {
      "metadata.name": POD,
      "metadata.namespace": NAMESPACE,
      "status.podIP": ip,
      "status.hostIP": ip,
      "spec.serviceAccountName": serviceAccountName,
      "spec.nodeName": "node1",
    };
    const values = containers[0]!.env.map(({ name, value, valueFrom }) => [
      name,
      value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ""] ?? "",
    ]);
    const env = Object.fromEntries(values) as Record<string, string>;
    const config = JSON.parse(env["PROXY_CONFIG"] || "{}") as object;
    env["PROXY_CONFIG"] = JSON.stringify({ ...config, binaryPath: this.envoyBinary });
    env["WASM_INSECURE_REGISTRIES"] = `${OUTSIDE}:5000,${OUTSIDE}:5001`;
    return env;
  }

  /** What the Pod's volumes would hold. The agent reads most of it from the folder that it starts in. */
  private writeFiles(
    folder: string,
    { serviceAccountName }: PodSpec,
    { labels, annotations }: Resource["metadata"],
  ): void {
    const file = (name: string, text: string): void => {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    };
    const { cluster } = this;
    const bound = [
      "--audience",
      "istio-ca",
      "--bound-object-kind",
      "Pod",
      "--bound-object-name",
      POD,
      "--duration",
      "1h",
    ];
    const token = cluster.do(["-n", NAMESPACE, "create", "token", serviceAccountName, ...bound]).trim();
    file("var/run/secrets/tokens/istio-token", token);
    const root = cluster.get("configmap", "istio-ca-root-cert", NAMESPACE)!.data!["root-cert.pem"]!;
    file("var/run/secrets/istio/root-cert.pem", root);
    const lines = (values: Record<string, string> = {}): string =>
      Object.entries(values)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join("\n");
    file("etc/istio/pod/labels", lines(labels));
    file("etc/istio/pod/annotations", lines(annotations));
    for (const name of [
      "etc/istio/proxy",
      "var/lib/istio/data",
      "var/lib/istio/envoy",
      "var/run/secrets/workload-spiffe-uds",
    ])
      mkdirSync(join(folder, name), { recursive: true });
    const template = "tools/packaging/common/envoy_bootstrap.json";
    copyFileSync(
      join(moduleFolder("istio.io/istio", VERSIONS.istio), template),
      join(folder, "var/lib/istio/envoy/envoy_bootstrap_tmpl.json"),
    );
    for (const name of ["/etc/istio", "/var/lib/istio"]) mkdirSync(name, { recursive: true });
  }
}

interface PodSpec {
  serviceAccountName: string;
  containers: {
    args: string[];
    env: { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[];
  }[];
}

function namespace(name: string): object {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

/** A stock Envoy lacks three of Istio's own filters; these switches leave them out. */
function environment(cluster: Cluster): Record<string, string> {
  return {
    KUBECONFIG: cluster.kubeconfig,
    REVISION: "default",
    POD_NAMESPACE: SYSTEM,
    POD_NAME: "istiod-0",
    SERVICE_ACCOUNT: "istiod",
    PILOT_CERT_PROVIDER: "istiod",
    CLUSTER_ID: "Kubernetes",
    PILOT_ENABLE_ALPN_FILTER: "false",
    PILOT_ENABLE_METADATA_EXCHANGE: "false",
  };
}

function install(cluster: Cluster, programs: Programs): void {
  const printed = Program.run([programs.istioctl, "manifest", "generate", "--set", "profile=minimal"], {});
  if (printed.status !== 0) throw new Error(`istioctl: ${printed.output}`);
  const apply = (): boolean => cluster.kubectl(["apply", "--server-side", "-f", "-"], printed.output).ok;
  if (!apply() && !apply()) throw new Error("Istio's own objects were not taken"); // definitions first, then what they define
  // The default providers would ask for istio.stats.
  const mesh = {
    data: { mesh: "accessLogFile: /dev/stdout\ndefaultConfig:\n  discoveryAddress: istiod.istio-system.svc:15012\n" },
  };
  cluster.do(["-n", SYSTEM, "patch", "configmap", "istio", "--type=merge", "-p", JSON.stringify(mesh)]);
  const ports = { "grpc-xds": 15010, "https-dns": 15012, "https-webhook": 15017, "http-monitoring": 15014 };
  cluster.apply([endpoints("istiod", SYSTEM, CONTROL, ports)]);
}

/** What the documentation expects to be there: a Gateway, a route, the MCP server. */
function surroundings(): object[] {
  const metadata = { name: "mcp", namespace: NAMESPACE };
  return [
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata,
      spec: { gatewayClassName: "istio", listeners: [{ name: "http", protocol: "HTTP", port: 80 }] },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata,
      spec: {
        parentRefs: [{ name: "mcp" }],
        hostnames: ["mcp.example.com"],
        rules: [
          {
            matches: ["/mcp", "/notes/mcp"].map((value) => ({ path: { type: "Exact", value } })),
            backendRefs: [{ name: "mcp-server", port: MCP_SERVER.port }],
          },
        ],
      },
    },
    ...service("mcp-server", NAMESPACE, MCP_SERVER.host, { http: MCP_SERVER.port }),
  ];
}
