// The hosts that a manifest can be for, and the objects that each wants.
import { UsageError, type Invocation } from "../command.ts";
import { envoyBootstrap, httpFilters } from "./envoy.ts";
import { envoyGatewayObjects } from "./envoy-gateway.ts";
import { Compiled, type Part, type Token } from "./host.ts";
import { istioObjects, ISTIO_METADATA_KEY } from "./istio.ts";
import { envoyTarget, gatewayTarget, istioTarget } from "./options.ts";

type Options = Invocation["options"];

const TARGETS: Record<string, (options: Options, compiled: Compiled) => Part[]> = {
  envoy(options, compiled) {
    const target = envoyTarget(options, compiled);
    return [{ name: "envoy", yaml: options["filters-only"] ? httpFilters(target) : envoyBootstrap(target) }];
  },
  "envoy-gateway"(options, compiled) {
    if (compiled.policies.length > 1)
      throw new UsageError("--target envoy-gateway attaches a filter to each route: print a manifest for each policy");
    if (compiled.policy.resource === undefined)
      throw new UsageError("the policy needs a resource: its host and path become the route");
    const target = gatewayTarget(options, compiled);
    needIssuer(target.token);
    return envoyGatewayObjects(target);
  },
  istio(options, compiled) {
    const other = compiled.policies.find(({ metadataKeys }) => !metadataKeys.includes(ISTIO_METADATA_KEY));
    if (other)
      throw new UsageError(
        `Istio stores the payload under ${ISTIO_METADATA_KEY}: the policy ${other.name} needs jwt: {metadataKey: ${ISTIO_METADATA_KEY}}`,
      );
    const target = istioTarget(options, compiled);
    needIssuer(target.token);
    return istioObjects(target);
  },
};

function needIssuer({ issuer }: Token): void {
  if (issuer === undefined) throw new UsageError("--issuer is required: the policy names no authorization server");
}

/**
 * The parts of a manifest, for the options of `scopegate manifest`.
 * @throws UsageError when options and policy do not fit
 */
export function partsOf(compiled: Compiled, options: Options): Part[] {
  const target = String(options["target"] ?? "");
  if (!Object.hasOwn(TARGETS, target))
    throw new UsageError(
      `--target must be one of ${Object.keys(TARGETS).join(", ")}${target === "" ? "" : `, not ${target}`}`,
    );
  return TARGETS[target]!(options, compiled);
}
