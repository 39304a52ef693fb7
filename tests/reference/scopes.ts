// What a rule's scopes are in this call, and which of them are held: templates filled in, alternatives kept apart.
import { memberOf, type Alternatives, type Json, type World } from "./model.ts";
import { holding, holds, placeholderText, claimsOf, type Holding } from "./token.ts";

/** A scope that would have to be held. `open`: a part of it depends on what is not known yet; the text is its template. */
export interface Needed {
  text: string;
  open: boolean;
}

/** The alternatives that can be had in this call; those whose template does not fit are left out. */
export function neededOf(alternatives: Alternatives, world: World): Needed[] {
  return alternatives.flatMap((scope) => {
    const filled = fill(scope, world);
    return filled ? [filled] : [];
  });
}

function fill(scope: string, world: World): Needed | undefined {
  if (!scope.includes("{")) return { text: scope, open: false };
  let open = false;
  let fits = true;
  const text = scope.replace(/\{([^}]*)\}/g, (whole, path: string) => {
    if (isUnknown(path, world)) {
      open = true;
      return whole;
    }
    const value = placeholderText(lookUp(path, world));
    fits &&= value !== undefined;
    return value ?? "";
  });
  return fits ? { text: open ? scope : text, open } : undefined;
}

function isUnknown(path: string, { unknown }: World): boolean {
  return /^(args|meta)\./.test(path) ? unknown.args : path.startsWith("jwt.claims.") && unknown.claims;
}

function lookUp(path: string, { call, caller }: World): Json | undefined {
  if (path === "mcp.tool") return call.tool;
  if (path === "mcp.backend") return call.backend;
  const [root, keys] = /^(args|meta|jwt\.claims)\.(.*)$/s.exec(path)?.slice(1) ?? [];
  const roots: Record<string, Json | undefined> = {
    args: call.args,
    meta: call.meta,
    "jwt.claims": claimsOf(caller.payload),
  };
  return (keys ?? "").split(".").reduce<Json | undefined>(memberOf, roots[root ?? ""]);
}

export type Held = "yes" | "no" | "maybe";

/** Whether one of the alternatives is held; an open one may be when something of its shape is. */
export function isHeld(needed: Needed[], held: Holding): Held {
  const answers = needed.map(({ text, open }) => (open ? mayHold(text, held) : holds(held, text) ? "yes" : "no"));
  return answers.includes("yes") ? "yes" : answers.includes("maybe") ? "maybe" : "no";
}

function mayHold(template: string, held: Holding): Held {
  const fixed = template.slice(0, template.indexOf("{"));
  if (held.names.has(template) || [...held.families].some((family) => fixed.startsWith(family))) return "yes";
  const literal = template.split(/\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const shape = new RegExp(`^${literal.join("[A-Za-z0-9._~-]{1,64}")}$`);
  const some = [...held.names].some((name) => shape.test(name));
  return some || [...held.families].some((family) => family.startsWith(fixed)) ? "maybe" : "no";
}

/** What the token of this world holds. */
export const heldIn = (world: World): Holding => holding(world.policy, world.raw);
