// A proxy-wasm host in memory: runs the built filter as Envoy would, one request at a time. `eval`, `test` and
// `explain` decide with it, and the tests of the filter use it. The behaviour it imitates was measured on Envoy 1.40.
import { Guest, type Exports, type Rc } from "./guest.ts";
import { imports, Metrics, SharedData, type Machine } from "./imports.ts";
import { cutInto, Hang, runResponse } from "./response.ts";
import { Stream, type Answer, type SimulatedRequest } from "./stream.ts";
import { concat } from "../bytes.ts";
import type { Pair } from "../wire.ts";

export { Rc } from "./guest.ts";
export type { ClientResponse, SimulatedResponse } from "./response.ts";
export { JWT_NAMESPACE, type Answer, type Certificate, type Reply, type SimulatedRequest } from "./stream.ts";
export type { Json, Pair, Struct } from "../wire.ts";

export interface HostOptions {
  /** The host continues after a StopIteration of the header callback (`allow_on_headers_stop_iteration`). */
  holdsHeaders?: boolean;
  /** Nanoseconds since 1970; default: the clock. */
  now?: () => bigint;
  /** The code that call number `count` (from 1) of a host function returns instead of doing its work. */
  failure?: (name: string, count: number) => Rc | undefined;
  /** What happens between the headers of a request and its body. */
  beforeBody?: () => void;
}

const CONTINUE = 0;

export class Host implements Machine {
  readonly metrics = new Metrics();
  readonly shared = new SharedData();
  readonly guest: Guest;
  logs: string[] = [];
  stream: Stream | undefined;
  configuration: Uint8Array = new Uint8Array();
  /** Names that a plugin declared as objects, by its context. */
  readonly declared = new Map<number, Set<string>>();
  /** The context of the plugin that runs. */
  active = 0;
  /** The context of the plugin configuration in force; 0 before the first one. */
  private root = 0;
  private lastContext = 0;
  private dead: string | undefined;

  /** A new VM. Throws a WebAssembly.LinkError or an Error if Envoy would not accept the module. */
  constructor(
    module: WebAssembly.Module,
    private readonly options: HostOptions = {},
  ) {
    const instance = new WebAssembly.Instance(module, { env: imports(() => this) });
    const { memory, ...exports } = instance.exports as { memory: WebAssembly.Memory };
    this.guest = new Guest(exports as unknown as Exports, memory);
    if (!this.guest.has("proxy_abi_version_0_2_1") && !this.guest.has("proxy_abi_version_0_2_0"))
      throw new Error("the module exports no proxy_abi_version_0_2_x");
    this.guest.call("_initialize");
  }

  static load(wasm: Uint8Array, options?: HostOptions): Host {
    return new Host(new WebAssembly.Module(wasm as BufferSource), options);
  }

  now(): bigint {
    return this.options.now?.() ?? BigInt(Date.now()) * 1_000_000n;
  }

  failure(name: string, count: number): Rc | undefined {
    return this.options.failure?.(name, count);
  }

  /** Passes a plugin configuration to the filter. If it is refused, the previous one stays in force, as in a listener update. */
  configure(text: string | Uint8Array): { ok: boolean; logs: string[] } {
    const before = this.root;
    const { root, logs } = this.addPlugin(text);
    if (root !== 0) this.root = root;
    if (root !== 0 && before !== 0) this.drop(before);
    return { ok: root !== 0, logs };
  }

  /** Passes a configuration to an existing context. The ABI allows that at any time, though Envoy creates a new context. */
  reconfigure(text: string | Uint8Array, root = this.root): boolean {
    this.active = root;
    this.configuration = typeof text === "string" ? new TextEncoder().encode(text) : text;
    return this.guest.call("proxy_on_configure", root, this.configuration.length) !== 0;
  }

  /** A further plugin in the same VM (Istio's way); its context for `request`, or 0 if it was refused. */
  addPlugin(text: string | Uint8Array): { root: number; logs: string[] } {
    this.logs = [];
    const root = ++this.lastContext;
    try {
      this.guest.call("proxy_on_context_create", root, 0);
      const started = !this.guest.has("proxy_on_vm_start") || this.guest.call("proxy_on_vm_start", root, 0) !== 0;
      const ok = started && this.reconfigure(text, root);
      if (!ok) this.drop(root);
      return { root: ok ? root : 0, logs: this.logs };
    } catch (error) {
      this.dead = trapMessage(error);
      return { root: 0, logs: [...this.logs, this.dead] };
    }
  }

  /** Runs one request to its end. */
  request(request: SimulatedRequest, root = this.root): Answer {
    const stream = new Stream(++this.lastContext, request);
    const answer: Answer = {
      forwarded: false,
      upstream: { body: new Uint8Array() },
      hung: false,
      state: stream.state,
      objects: stream.objects,
      logs: (this.logs = []),
    };
    this.stream = stream;
    this.active = root;
    try {
      if (this.dead) throw new WebAssembly.RuntimeError(this.dead);
      this.guest.call("proxy_on_context_create", stream.id, root);
      this.run(stream, answer);
      this.finish(stream, answer);
    } catch (error) {
      answer.trap = this.dead = trapMessage(error);
      answer.forwarded = false;
    }
    this.stream = undefined;
    return answer;
  }

  /** The timer, which runs on the plugin's context. */
  tick(): void {
    this.guest.call("proxy_on_tick", this.root);
  }

  private run(stream: Stream, answer: Answer): void {
    const { body = new Uint8Array(), trailers, endsApart } = stream.request;
    const ends = body.length === 0 && !endsApart && !trailers;
    const action = this.guest.call("proxy_on_request_headers", stream.id, stream.headers.length, Number(ends));
    if (stream.reply) return;
    if (action !== CONTINUE && !this.options.holdsHeaders) {
      answer.hung = true;
      return;
    }
    this.options.beforeBody?.();
    const held = action !== CONTINUE;
    if (!held) this.forwardHeaders(stream, answer);
    if (stream.reply) return;
    const done = ends ? !held : this.runBody(stream, answer, body, trailers);
    if (stream.reply) return;
    if (done && held) answer.upstream.headers = stream.headers;
    answer.hung = !done;
    answer.forwarded = done;
  }

  /** The body in its pieces, then the end of stream or the trailers; true if everything was forwarded. */
  private runBody(stream: Stream, answer: Answer, body: Uint8Array, trailers: readonly Pair[] | undefined): boolean {
    const pieces = cutInto(body, stream.request.chunks ?? []);
    if (!trailers && !stream.request.endWithData) pieces.push(new Uint8Array());
    let kept = new Uint8Array();
    let action = CONTINUE;
    for (const [i, piece] of pieces.entries()) {
      stream.body = concat([kept, piece]);
      const end = !trailers && i === pieces.length - 1;
      action = this.guest.call("proxy_on_request_body", stream.id, stream.body.length, end ? 1 : 0);
      if (stream.reply) return false;
      if (action === CONTINUE) answer.upstream.body = concat([answer.upstream.body, stream.body]);
      kept = action === CONTINUE ? new Uint8Array() : (stream.body as Uint8Array<ArrayBuffer>);
    }
    if (!trailers) return action === CONTINUE;
    stream.trailers = [...trailers];
    stream.body = kept;
    action = this.guest.call("proxy_on_request_trailers", stream.id, trailers.length);
    if (stream.reply || action !== CONTINUE) return false;
    answer.upstream.body = concat([answer.upstream.body, stream.body]);
    return true;
  }

  /** The response on its way back, local or from the upstream, and the end of the context. */
  private finish(stream: Stream, answer: Answer): void {
    stream.body = undefined;
    stream.headersReadable = false;
    if (!answer.hung) this.respond(stream, answer);
    if (stream.reply) answer.reply = stream.reply;
    if (stream.reply) answer.forwarded = false;
    this.guest.call("proxy_on_log", stream.id);
    this.drop(stream.id);
  }

  /** Envoy forwards the headers: the filter can no longer access them, and the server may answer. */
  private forwardHeaders(stream: Stream, answer: Answer): void {
    answer.upstream.headers = stream.headers;
    stream.headersReadable = false;
    if (stream.request.response?.early) this.respond(stream, answer);
  }

  private respond(stream: Stream, answer: Answer): void {
    const { reply } = stream;
    // After a reply in place of an answer there are no more callbacks.
    if (answer.response || stream.responseHeaders) return;
    const own = reply && { ...reply, body: new TextEncoder().encode(reply.body), details: reply.details };
    try {
      const response = runResponse(this.guest, stream, own ?? stream.request.response ?? {});
      if (response && !own) answer.response = response;
    } catch (error) {
      if (!(error instanceof Hang)) throw error;
      answer.hung = true;
    }
  }

  private drop(context: number): void {
    this.guest.call("proxy_on_done", context);
    this.guest.call("proxy_on_delete", context);
  }
}

function trapMessage(error: unknown): string {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return error.message;
  throw error;
}
