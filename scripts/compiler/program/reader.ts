// Reads records out of program bytes. Checks the header, the checksum and every offset, so that a damaged file is
// reported, never listed incorrectly.
import { HEADER_SIZE, MAGIC, NONE, Section, SECTION_COUNT, Setting, VERSION } from "../../../assembly/program.ts";
import { RECORD_SIZES } from "./records.ts";
import { checksum } from "./writer.ts";

/** The bytes are not a program that this version can read. */
export class ProgramError extends Error {}

export class Program {
  readonly view: DataView;

  /** @throws ProgramError */
  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_SIZE + 8 * SECTION_COUNT) this.refuse(`it has ${bytes.length} bytes, less than a header`);
    if (this.word(0) !== MAGIC) this.refuse("it does not begin with SGP1");
    if (this.word(4) !== VERSION) this.refuse(`it has version ${this.word(4)}; this tool reads version ${VERSION}`);
    if (this.word(8) !== bytes.length) this.refuse(`its header says ${this.word(8)} bytes; there are ${bytes.length}`);
    if (this.word(12) !== checksum(bytes)) this.refuse("its checksum is wrong: the bytes were damaged");
    RECORD_SIZES.forEach((size, section) => {
      if (this.start(section) % 8 !== 0 || this.start(section) + this.count(section) * size > bytes.length) {
        this.refuse(`the section ${Section[section]} lies outside it`);
      }
    });
    if (this.count(Section.Settings) !== Setting.Count) this.refuse("it has a different number of settings");
  }

  refuse(reason: string): never {
    throw new ProgramError(`this is not a program: ${reason}`);
  }

  word(at: number): number {
    if (at < 0 || at + 4 > this.bytes.length) this.refuse(`offset ${at} lies outside it`);
    return this.view.getUint32(at, true);
  }

  private start(section: Section): number {
    return this.word(HEADER_SIZE + section * 8);
  }

  count(section: Section): number {
    return this.word(HEADER_SIZE + section * 8 + 4);
  }

  /** Offset of a record. */
  record(section: Section, index: number): number {
    if (index >= this.count(section)) this.refuse(`there is no record ${index} in ${Section[section]}`);
    return this.start(section) + index * RECORD_SIZES[section]!;
  }

  each<T>(section: Section, map: (at: number, index: number) => T): T[] {
    return Array.from({ length: this.count(section) }, (_, index) => map(this.record(section, index), index));
  }

  /** Offsets of the records of the run (first, count) at `at`. */
  run(section: Section, at: number): number[] {
    return Array.from({ length: Math.min(this.word(at + 4), this.bytes.length) }, (_, i) =>
      this.record(section, this.word(at) + i),
    );
  }

  slice(offset: number, length: number): Uint8Array {
    if (offset + length > this.bytes.length) this.refuse(`a text at ${offset} lies outside it`);
    return this.bytes.subarray(offset, offset + length);
  }

  /** undefined for NONE. */
  text(offset: number, length: number): string | undefined {
    return offset === NONE ? undefined : new TextDecoder().decode(this.slice(offset, length));
  }

  textAt(at: number): string | undefined {
    return this.text(this.word(at), this.word(at + 4));
  }

  textRun(first: number, count: number): string[] {
    return Array.from(
      { length: Math.min(count, this.bytes.length) },
      (_, i) => this.textAt(this.record(Section.Texts, first + i)) ?? "",
    );
  }

  setting(setting: Setting): number {
    return this.word(this.record(Section.Settings, setting));
  }

  settingText(setting: Setting): string | undefined {
    return this.text(this.setting(setting), this.setting(setting + 1));
  }
}
