// The recorded answers of servers through a real Envoy: both header modes, HTTP/1.1 and HTTP/2, small buffers, and filters
// between Envoy and the server that pack, unpack and add trailers. tests/wasm/lists.test.ts has them in the simulated host.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ISSUER } from "../../scripts/envoy/issuer.ts";
import { Envoy } from "../../scripts/envoy/envoy.ts";
import { envoyBootstrap } from "../../scripts/targets/envoy.ts";
import { listCases, listPolicy } from "../reference/list-cases.ts";
import { http1, http2 } from "../support/clients.ts";
import { beforeRouter, LOOPBACK, targetFor, withSmallBuffers } from "../support/envoy.ts";
import { faultOf } from "../support/list-faults.ts";
import type { ListCase } from "../support/lists.ts";
import { Replay } from "../support/replay.ts";

const AT_ONCE = 4;
/** Streams that a case never ends, and answers that only look whole. */
const CASES = (listCases() as ListCase[]).filter(({ response }) => response.splits !== "all");

/** Envoy's decompressor between the filter and the server: it adds trailers to what it unpacked. */
const unpacking = (yaml: string): string => beforeRouter(yaml, DECOMPRESSOR);
/** Envoy's compressor there, as Envoy Gateway orders its filters. */
const packing = (yaml: string): string => beforeRouter(yaml, COMPRESSOR);

const DECOMPRESSOR =
  '- {name: decompressor, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor, ' +
  'decompressor_library: {name: gzip, typed_config: {"@type": type.googleapis.com/envoy.extensions.compression.gzip.decompressor.v3.Gzip}}}}';
const COMPRESSOR =
  '- {name: compressor, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor, ' +
  'compressor_library: {name: gzip, typed_config: {"@type": type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip}}}}';

const MODES: [name: string, holdHeaders: boolean, send: typeof http1 | typeof http2, edit: (yaml: string) => string][] =
  [
    ["HTTP/1.1, headers sent on", false, http1, (yaml) => yaml],
    ["HTTP/2, headers sent on", false, http2, (yaml) => yaml],
    ["HTTP/1.1, headers held", true, http1, (yaml) => yaml],
    ["HTTP/2, headers held", true, http2, (yaml) => yaml],
    ["HTTP/1.1, small buffers", false, http1, withSmallBuffers],
    ["HTTP/2, small buffers, headers held", true, http2, withSmallBuffers],
    ["HTTP/1.1, a decompressor in front of the server", false, http1, unpacking],
    ["HTTP/1.1, a compressor in front of the server", true, http1, packing],
  ];

/** Answers that the filters in front of the server change themselves, as they should. */
function isChangedBy(edit: (yaml: string) => string, id: string): boolean {
  if (edit === unpacking) return id === "other-call-gzip" || id.startsWith("headers-enc-");
  return edit === packing && (id.startsWith("other-") || id === "headers-session");
}

for (const [mode, holdHeaders, send, edit] of MODES)
  describe(mode, () => {
    let replay: Replay;
    let envoy: Envoy;
    before(async () => {
      replay = await Replay.start();
      const policy = listPolicy("policy.yaml") as { authorizationServers: string[] };
      const target = targetFor({ ...policy, authorizationServers: [ISSUER] }, replay.port, holdHeaders);
      envoy = await Envoy.start(edit(envoyBootstrap({ ...target, listen: LOOPBACK, admin: LOOPBACK })));
    });
    after(async () => {
      await envoy?.stop();
      replay?.stop();
    });

    test("every recorded answer", async () => {
      const faults: string[] = [];
      const queue = CASES.filter(({ id }) => !isChangedBy(edit, id));
      const work = async (): Promise<void> => {
        for (let item = queue.shift(); item; item = queue.shift()) {
          const fault = await faultOf(item, replay, envoy.port, send).catch((error: Error) => error.message);
          if (fault) faults.push(`${item.id}: ${fault}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      assert.deepEqual(faults.toSorted(), []);
    });

    test("the module is the one that was started", async () => {
      const stats = await envoy.stats("vm_reload_success|scopegate.lists.tools");
      assert.equal(stats["wasm.scopegate.vm_reload_success"] ?? 0, 0);
      assert.ok(stats["wasmcustom.scopegate.lists.tools.never"]! > 100);
    });
  });
