// `npm run test:istio`: the objects of `scopegate manifest` in a real Kubernetes API with istiod and pilot-agent.
import { Istio, NAMESPACE } from "./kubernetes/istio/gateway.ts";
import { STEPS } from "./kubernetes/istio/steps.ts";
import { VERSIONS } from "./kubernetes/programs.ts";
import { run } from "./kubernetes/run.ts";

await run({
  command: "test:istio",
  what: "The objects of scopegate manifest, unchanged, in a Kubernetes API with istiod and pilot-agent, around a stock Envoy.",
  programs: ["etcd", "kube-apiserver", "kubectl", "pilot-discovery", "pilot-agent", "istioctl"],
  page: "docs/deploy/istio.md",
  versions: `Istio's snapshot ${VERSIONS.istio} (line 1.31)`,
  manifest: ["--target", "istio", "--namespace", NAMESPACE],
  start: Istio.start,
  steps: STEPS,
});
