// The thread of a suite (tsx cannot be preloaded into a worker by an option on Node 20).
import { register } from "tsx/esm/api";

register();
const { work } = await import("./rounds.ts");
await work();
