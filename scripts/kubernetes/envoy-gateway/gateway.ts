// Envoy Gateway with its Kubernetes provider, and what kubelet and others would do with the Deployment that it makes.
import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpoints, service, type Cluster, type Resource } from "../cluster.ts";
import { relay, type Gateway } from "../gateway.ts";
import { CONTROL, type PodNetwork } from "../machine.ts";
import { MCP_SERVER } from "../outside.ts";
import { Program } from "../process.ts";
import { moduleFolder, VERSIONS, type Programs } from "../programs.ts";

const SYSTEM = "envoy-gateway-system";
const NAME = "envoy-gateway";
const OWNED = "gateway.envoyproxy.io/owning-gateway-name=mcp";
const LISTENER_PORT = 10_080; // what Envoy Gateway makes of port 80, which a pod may not open
const ADMIN_PORT = 19_000;

export class EnvoyGateway implements Gateway {
  readonly port = LISTENER_PORT;
  private envoy: Program | undefined;

  private constructor(
    private readonly cluster: Cluster,
    private readonly control: Program,
    private readonly envoyBinary: string,
    private readonly network: PodNetwork,
    private readonly adminAddress: string,
  ) {}

  /** Installs it as its chart does, and starts the controller. */
  static async start(cluster: Cluster, programs: Programs, envoy: string, network: PodNetwork): Promise<EnvoyGateway> {
    const folder = mkdtempSync(join(tmpdir(), "scopegate-gateway-"));
    applyDefinitions(cluster);
    cluster.apply(surroundings());
    makeCertificates(cluster, programs, folder);
    // Every program of the machine sees these; Envoy resolves the controller's name with a dot at its end.
    const name = `${NAME}.${SYSTEM}.svc.cluster.local`;
    writeFileSync("/etc/hosts", `127.0.0.1 localhost\n${CONTROL} ${name} ${name}. ${NAME}\n`);
    mkdirSync("/certs");
    mkdirSync("/sds");
    const configuration = join(folder, "configuration.yaml");
    writeFileSync(configuration, JSON.stringify(CONFIGURATION));
    const command = [programs["envoy-gateway"], "server", "--config-path", configuration];
    const env = {
      HOME: folder, // it keeps modules below it
      KUBECONFIG: cluster.kubeconfig,
      ENVOY_GATEWAY_NAMESPACE: SYSTEM,
      ENVOY_POD_NAME: `${NAME}-0`,
    };
    const control = Program.start(NAME, command, { env, mounts: { "/certs": join(folder, NAME) } });
    return new EnvoyGateway(cluster, control, envoy, network, relay(network, ADMIN_PORT));
  }

  get host(): string {
    return this.network.address;
  }

  /** Waits for the Deployment and runs its Envoy with exactly the command line that it has. */
  async restart(): Promise<void> {
    await this.envoy?.stop();
    const { cluster } = this;
    await this.control.until("a Deployment of the Gateway", () => cluster.list("deployment", OWNED, SYSTEM).length > 0);
    const [deployment] = cluster.list("deployment", OWNED, SYSTEM) as [Resource];
    const { name } = deployment.metadata;
    this.play(deployment);
    const folder = mkdtempSync(join(tmpdir(), "scopegate-pod-"));
    write(cluster.get("secret", "envoy", SYSTEM)!, join(folder, "certs"), "base64");
    write(cluster.get("configmap", name, SYSTEM)!, join(folder, "sds"), "utf8");
    const env: Record<string, string> = {
      ENVOY_POD_NAMESPACE: SYSTEM,
      ENVOY_POD_NAME: `${name}-1`,
      ENVOY_SERVICE_ZONE: "",
    };
    const containers = deployment.spec.template.spec.containers as { name: string; args: string[] }[];
    const { args } = containers.find((container) => container.name === "envoy")!;
    const command = [
      this.envoyBinary,
      ...args.map((text) => text.replace(/\$\((\w+)\)/g, (_, word: string) => env[word] ?? "")),
    ];
    const mounts = { "/certs": join(folder, "certs"), "/sds": join(folder, "sds") };
    this.envoy = Program.start("envoy", command, { env, mounts, prefix: this.network.prefix });
    await this.envoy.until("ready", () =>
      this.admin("/ready").then(
        (page) => page.startsWith("LIVE"),
        () => false,
      ),
    );
  }

  async admin(path: string): Promise<string> {
    return (await fetch(`${this.adminAddress}${path}`)).text();
  }

  get envoyLog(): string {
    return this.envoy?.log ?? "";
  }

  get controlLog(): string {
    return this.control.log;
  }

  /** The statuses and endpoints that a cluster would have for a Deployment that runs. */
  private play(deployment: Resource): void {
    const { name } = deployment.metadata;
    const ip = this.network.address;
    const of = (kind: string): Resource => ({ apiVersion: "v1", kind, metadata: { name, namespace: SYSTEM } });
    this.cluster.setStatus(of("service"), { loadBalancer: { ingress: [{ ip }] } });
    this.cluster.setStatus(of("deployment"), available(deployment));
    this.cluster.apply([endpoints(name, SYSTEM, ip, { "http-80": LISTENER_PORT })]);
  }
}

/** The status of a Deployment whose one pod is ready. */
export function available({ metadata }: Resource): object {
  return {
    observedGeneration: metadata.generation,
    ...{ replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1 },
    conditions: [{ type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "" }],
  };
}

/** What the chart gives it, but for the webhook that tells the zone of a node, and for Lua, which a test has beside the filter. */
const CONFIGURATION = {
  apiVersion: "gateway.envoyproxy.io/v1alpha1",
  kind: "EnvoyGateway",
  gateway: { controllerName: "gateway.envoyproxy.io/gatewayclass-controller" },
  provider: { type: "Kubernetes" },
  proxyTopologyInjector: { disabled: true },
  extensionApis: { enableLua: true },
  logging: { level: { default: "info" } },
};

/** The custom resources that its chart brings, Gateway API's among them. */
function applyDefinitions(cluster: Cluster): void {
  const folder = definitionsFolder();
  const files = readdirSync(join(folder, "generated")).map((name) => join(folder, "generated", name));
  for (const file of [join(folder, "gatewayapi-crds.yaml"), ...files])
    cluster.do(["apply", "--server-side", "-f", file]);
}

export function definitionsFolder(): string {
  return join(moduleFolder("github.com/envoyproxy/gateway", VERSIONS.gateway), "charts/gateway-helm/charts/crds/crds");
}

function surroundings(): object[] {
  const namespace = SYSTEM;
  const labels = { "control-plane": NAME };
  const template = { metadata: { labels }, spec: { containers: [{ name: NAME, image: NAME }] } };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace } },
    ...service(NAME, namespace, CONTROL, { grpc: 18000, ratelimit: 18001, wasm: 18002, metrics: 19001 }),
    // It looks for its own Deployment, to be the owner of what it makes.
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: NAME, namespace, labels },
      spec: { selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: NAME },
      spec: { controllerName: CONFIGURATION.gateway.controllerName },
    },
    ...service("mcp-server", "default", MCP_SERVER.host, { http: MCP_SERVER.port }),
  ];
}

/** Its own job for that, against the API; then the Secrets as files. */
function makeCertificates(cluster: Cluster, programs: Programs, folder: string): void {
  const env = { KUBECONFIG: cluster.kubeconfig, ENVOY_GATEWAY_NAMESPACE: SYSTEM };
  const made = Program.run([programs["envoy-gateway"], "certgen", "--disable-topology-injector"], env);
  if (made.status !== 0) throw new Error(`certgen: ${made.output}`);
  write(cluster.get("secret", NAME, SYSTEM)!, join(folder, NAME), "base64");
}

/** The data of a Secret or ConfigMap as a volume shows it. */
function write({ data }: Resource, folder: string, encoding: BufferEncoding): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(data ?? {})) writeFileSync(join(folder, name), Buffer.from(text, encoding));
}
