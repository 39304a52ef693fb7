// The filter's memory as the host sees it. A pointer outside it gives a result code (6), never an exception.
import { utf8Text } from "../bytes.ts";

/** The result codes of proxy-wasm. */
export enum Rc {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  SerializationFailure = 3,
  InvalidMemoryAccess = 6,
  Empty = 7,
  CasMismatch = 8,
  InternalFailure = 10,
  Unimplemented = 12,
}

const PAGE = 65_536; //      bytes
const MAX_PAGES = 65_536; // with 32-bit addresses

export type Exports = Record<string, (...args: (number | bigint)[]) => number>;

/** Thrown by the methods below; the import that called them returns InvalidMemoryAccess. */
export class BadPointer extends Error {}

export class Guest {
  constructor(
    readonly exports: Exports,
    private readonly memory: WebAssembly.Memory,
  ) {}

  /** Allocates all remaining linear memory, so that the filter gets no more; for tests. */
  exhaust(): void {
    this.memory.grow(MAX_PAGES - this.memory.buffer.byteLength / PAGE);
  }

  /** Bytes of linear memory, for tests of growth. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  has(name: string): boolean {
    return typeof this.exports[name] === "function";
  }

  /** Calls an export; a callback that the module does not export counts as one that returns 0. */
  call(name: string, ...args: number[]): number {
    return this.exports[name]?.(...args) ?? 0;
  }

  /** A copy of what the filter points to. */
  read(pointer: number, size: number): Uint8Array {
    const [start, length] = [pointer >>> 0, size >>> 0];
    if (start + length > this.memory.buffer.byteLength) throw new BadPointer();
    return new Uint8Array(this.memory.buffer).slice(start, start + length);
  }

  text(pointer: number, size: number): string {
    return utf8Text(this.read(pointer, size));
  }

  /** Copies bytes into the filter's memory. */
  write(pointer: number, bytes: Uint8Array): void {
    const start = pointer >>> 0;
    if (start + bytes.length > this.memory.buffer.byteLength) throw new BadPointer();
    new Uint8Array(this.memory.buffer).set(bytes, start);
  }

  writeU32(pointer: number, value: number): void {
    this.view(pointer, 4).setUint32(0, value, true);
  }

  writeU64(pointer: number, value: bigint): void {
    this.view(pointer, 8).setBigUint64(0, value, true);
  }

  /** Copies bytes into memory that the filter allocates, and tells it where; for no bytes nothing is allocated. */
  give(bytes: Uint8Array, pointerTo: number, sizeTo: number): Rc {
    let pointer = 0;
    if (bytes.length > 0) {
      const allocator = this.has("proxy_on_memory_allocate") ? "proxy_on_memory_allocate" : "malloc";
      pointer = this.call(allocator, bytes.length) >>> 0;
      if (pointer === 0) return Rc.InvalidMemoryAccess;
      this.write(pointer, bytes);
    }
    this.writeU32(pointerTo, pointer);
    this.writeU32(sizeTo, bytes.length);
    return Rc.Ok;
  }

  private view(pointer: number, size: number): DataView {
    const start = pointer >>> 0;
    if (start + size > this.memory.buffer.byteLength) throw new BadPointer();
    return new DataView(this.memory.buffer, start, size);
  }
}
