// What the operating system knows about a process.
import { readdirSync, readFileSync } from "node:fs";

const TICK_MS = 10; // of /proc/PID/stat, fixed by the kernel's interface to user space on Linux

/** CPU time of all threads so far, user and system, in nanoseconds. */
export function processTime(pid: number): number {
  try {
    // The same time as in /proc/PID/stat, but not rounded to ticks.
    const threads = readdirSync(`/proc/${pid}/task`);
    const times = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    return times.reduce((sum, time) => sum + Number(time), 0);
  } catch {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS * 1e6;
  }
}

/** Resident memory in MiB. */
export function residentMemory(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}
