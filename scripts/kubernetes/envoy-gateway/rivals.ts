// Other people's EnvoyExtensionPolicy objects beside the printed one.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { anonymous } from "../client.ts";
import type { Resource } from "../cluster.ts";
import { asReader, read, write } from "../steps.ts";
import type { Stage, Step } from "../story.ts";
import type { EnvoyGateway } from "./gateway.ts";

type Own = Step<EnvoyGateway>;

const EXTENSION = "gateway.envoyproxy.io/v1alpha1";
const GROUP = "gateway.networking.k8s.io";

/** The object of a kind. */
export const the = (kind: string, objects: Resource[]): Resource => objects.find((object) => object.kind === kind)!;

function extensionPolicy(name: string, spec?: object): Resource {
  return { apiVersion: EXTENSION, kind: "EnvoyExtensionPolicy", metadata: { name, namespace: "default" }, spec };
}

/** Our EnvoyExtensionPolicy, by its name. */
export const kept = (stage: Stage<EnvoyGateway>): Resource =>
  extensionPolicy(the("EnvoyExtensionPolicy", stage.print(stage.policy)).metadata.name);

/** An EnvoyExtensionPolicy of somebody else, which runs a processor that does not exist and lets calls pass all the same. */
function rival(name: string, sectionName?: string): Resource {
  return extensionPolicy(name, {
    targetRefs: [{ group: GROUP, kind: "HTTPRoute", name: "files", ...(sectionName ? { sectionName } : {}) }],
    extProc: [{ backendRefs: [{ name: "mcp-server", port: 3000 }], failOpen: true }],
  });
}

/** The conditions of an object, once it has one of a type (or any); as they are after 20 seconds if it has none. */
async function awaitConditions(
  { cluster }: Stage<EnvoyGateway>,
  object: Resource,
  type?: string,
): Promise<Record<string, string>> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const conditions = cluster.conditions(object);
    const isThere = type === undefined ? Object.keys(conditions).length > 0 : type in conditions;
    if (isThere || Date.now() > deadline) return conditions;
    await sleep(200);
  }
}

function rivalStep(name: string, object: Resource, condition: string): Own {
  return {
    name,
    async run(stage) {
      stage.cluster.apply([object]);
      try {
        await awaitConditions(stage, object);
        await sleep(2_000); // for what it might change in Envoy
        assert.equal((await stage.unseen(() => stage.send(asReader(write())))).status, 403);
        const [theirs, ours] = [stage.cluster.conditions(object), stage.cluster.conditions(kept(stage))];
        assert.match(JSON.stringify(theirs), new RegExp(condition));
        assert.deepEqual(ours, { Accepted: "True" });
        return `is not in force (\`${condition.replaceAll('"', "").replace(":", "=")}\`); calls are judged as before`;
      } finally {
        stage.cluster.delete(object);
      }
    },
  };
}

const OLDER_RIVAL: Own = {
  name: "one at the same rule that is older than ours",
  async run(stage) {
    const objects = stage.print(stage.policy);
    const theirs = rival("rival", "mcp");
    stage.apply(objects.filter(({ kind }) => kind !== "EnvoyExtensionPolicy"));
    stage.cluster.apply([theirs]);
    await sleep(1_500); // ages are told in seconds
    stage.apply(objects);
    try {
      const { Accepted = "" } = await awaitConditions(stage, kept(stage), "Accepted");
      assert.match(Accepted, /False/);
      for (const call of [{ headers: anonymous(), body: read() }, asReader(read()), asReader(write())]) {
        const { status } = await stage.unseen(() => stage.send(call));
        assert.ok(status >= 400, `${status}`);
      }
    } finally {
      stage.cluster.delete(theirs);
      await stage.until(({ status }) => status === 401, { headers: anonymous(), body: read() });
    }
    return "is in force, and **the filter is not**: ours shows `Accepted=False`; no call passes";
  },
};

/** Answers a call that has the header x-lua, and leaves all others alone. */
const LUA = `function envoy_on_request(handle)
  if handle:headers():get("x-lua") then handle:respond({[":status"] = "418"}, "lua") end
end`;

const MERGED: Own = {
  name: "an `EnvoyExtensionPolicy` of the Gateway, with Lua; the same with `mergeType` at ours",
  async run(stage) {
    const theirs = extensionPolicy("of-the-gateway", {
      targetRefs: [{ group: GROUP, kind: "Gateway", name: "mcp" }],
      lua: [{ type: "Inline", inline: LUA }],
    });
    const refused = asReader(write(), { "x-lua": "1" });
    stage.cluster.apply([theirs]);
    try {
      await awaitConditions(stage, theirs, "Overridden");
      await sleep(2_000); // for what it might change in Envoy
      assert.equal(stage.cluster.conditions(theirs)["Overridden"], "True");
      assert.equal((await stage.unseen(() => stage.send(refused))).status, 403);
      const objects = stage.print(stage.policy);
      the("EnvoyExtensionPolicy", objects).spec.mergeType = "StrategicMerge";
      stage.apply(objects);
      await stage.until(({ status }) => status === 418, refused);
      assert.equal((await stage.unseen(() => stage.send(asReader(write())))).status, 403);
      assert.equal((await stage.send(asReader(read()))).status, 200);
    } finally {
      stage.cluster.delete(theirs);
      stage.apply(stage.print(stage.policy));
      await stage.until(({ status }) => status === 403, refused);
    }
    return "is not in force (`Overridden=True`); its Lua is, before the filter, which still judges";
  },
};

export const RIVALS: Own[] = [
  rivalStep("an `EnvoyExtensionPolicy` of somebody else at the same rule", rival("rival", "mcp"), '"Accepted":"False"'),
  rivalStep("one at the whole route", rival("rival-route"), '"Overridden":"True"'),
  OLDER_RIVAL,
  MERGED,
];
