// How far a long run has come, on one line of a terminal.
const EVERY = 500; // milliseconds

export class Progress {
  private last = performance.now();
  private shown = false;

  /** `total`: bytes altogether, when that is known. */
  constructor(private readonly total: number | undefined) {}

  show(records: number, bytes: number): void {
    if (!process.stderr.isTTY || performance.now() - this.last < EVERY) return;
    this.last = performance.now();
    this.shown = true;
    const part = this.total ? `, ${Math.floor((100 * bytes) / this.total)} %` : "";
    process.stderr.write(`\r${records.toLocaleString("en")} records${part}\u001b[K`);
  }

  end(): void {
    if (this.shown) process.stderr.write("\r\u001b[K");
  }
}
