// `npm run test:kubernetes`: the objects of `scopegate manifest` in a real Kubernetes API with Envoy Gateway.
import { EnvoyGateway } from "./kubernetes/envoy-gateway/gateway.ts";
import { STEPS } from "./kubernetes/envoy-gateway/steps.ts";
import { VERSIONS } from "./kubernetes/programs.ts";
import { run } from "./kubernetes/run.ts";

await run({
  command: "test:kubernetes",
  what: "The objects of scopegate manifest, unchanged, in a Kubernetes API with Envoy Gateway, with a stock Envoy as its proxy.",
  programs: ["etcd", "kube-apiserver", "kubectl", "envoy-gateway"],
  page: "docs/deploy/envoy-gateway.md",
  versions: `Envoy Gateway ${VERSIONS.gateway}`,
  manifest: ["--target", "envoy-gateway"],
  start: EnvoyGateway.start,
  steps: STEPS,
});
