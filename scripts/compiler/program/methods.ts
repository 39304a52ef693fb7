// The MCP methods (revisions 2024-11-05 to 2026-07-28) that the filter knows by name: those that name a target, and
// lifecycle and list methods, which pass unless a rule names them. For a completion or a subscription, the filter finds
// the slot of the target's name itself.
import { Kind, Section, Slot } from "../../../assembly/program.ts";
import type { ProgramWriter } from "./writer.ts";

/** The most frequent first: the filter compares in this order. */
const TARGETS: [method: string, kind: Kind, slot: Slot][] = [
  ["tools/call", Kind.Tool, Slot.Name],
  ["prompts/get", Kind.Prompt, Slot.Name],
  ["resources/read", Kind.Resource, Slot.Uri],
  ["resources/subscribe", Kind.Resource, Slot.Uri],
  ["resources/unsubscribe", Kind.Resource, Slot.Uri],
  ["completion/complete", Kind.Completion, Slot.Ref],
  ["subscriptions/listen", Kind.Subscription, Slot.Notifications],
];

const LIFECYCLE = [
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "prompts/list",
  "logging/setLevel",
];

export function addMethods(writer: ProgramWriter): void {
  for (const [method, kind, slot] of TARGETS) writer.add(Section.Methods, [...writer.text(method), kind, slot]);
  for (const method of LIFECYCLE) writer.add(Section.Methods, [...writer.text(method), Kind.Method, Slot.Method]);
}
