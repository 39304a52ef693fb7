// The MCP methods (revisions 2024-11-05 to 2026-07-28) that are known by name: those that name a target, and lifecycle and
// list methods, which pass unless a rule names them.
import { Kind, Slot } from "../../../assembly/program.ts";

/** The most frequent first: the filter compares in this order. */
export const TARGET_METHODS: [method: string, kind: Kind, slot: Slot][] = [
  ["tools/call", Kind.Tool, Slot.Name],
  ["prompts/get", Kind.Prompt, Slot.Name],
  ["resources/read", Kind.Resource, Slot.Uri],
  ["resources/subscribe", Kind.Resource, Slot.Uri],
  ["resources/unsubscribe", Kind.Resource, Slot.Uri],
  ["completion/complete", Kind.Completion, Slot.Ref],
  ["subscriptions/listen", Kind.Subscription, Slot.Notifications],
];

export const LIFECYCLE = [
  "initialize",
  "ping",
  "server/discover",
  "tools/list",
  "resources/list",
  "resources/templates/list",
  "prompts/list",
  "logging/setLevel",
];

/** Whether a `*` may stand for this method: it has no kind of its own, or is one of tasks. */
export function isOpenMethod(method: string): boolean {
  const known = [...TARGET_METHODS.map(([name]) => name), ...LIFECYCLE];
  return !known.includes(method) && !method.startsWith("notifications/");
}
