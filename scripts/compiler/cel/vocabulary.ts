// The variables of a `when` and where the VM finds what they name.
import { Attribute, Flag, Slot } from "../../../assembly/program.ts";

/** Members of the body or the claims, found by slots: every path below is one. */
export interface SlotEntry {
  kind: "slot";
  root: Slot.Body | Slot.Claims;
  slot: Slot;
  path: readonly string[];
  /** "null": an absent value is null. "missing": null counts as absent. "always": never absent. */
  absent: "null" | "missing" | "always";
  needs?: Flag;
}

/** A value that the filter builds; `members` are found without building the whole. */
interface AttributeEntry {
  kind: "attribute";
  id: Attribute;
  always: boolean;
  members?: Record<string, Entry>;
  needs?: Flag;
}

export interface HeadersEntry {
  kind: "headers";
  all: boolean;
}

/** A map whose members can be read, but not the map itself. */
interface GroupEntry {
  kind: "group";
  name: string;
  members: Record<string, Entry>;
}

export type Entry = SlotEntry | AttributeEntry | HeadersEntry | GroupEntry;

function body(slot: Slot, member: string, absent: SlotEntry["absent"]): SlotEntry {
  return { kind: "slot", root: Slot.Body, slot, path: ["params", member], absent };
}

function attribute(id: Attribute, needs?: Flag): AttributeEntry {
  return { kind: "attribute", id, always: false, ...(needs && { needs }) };
}

function group(name: string, members: Record<string, Entry>): GroupEntry {
  return { kind: "group", name, members };
}

const jwt = (name: string): GroupEntry =>
  group(name, {
    claims: { kind: "slot", root: Slot.Claims, slot: Slot.Claims, path: [], absent: "always", needs: Flag.NeedsClaims },
    scopes: { kind: "attribute", id: Attribute.Scopes, always: true, needs: Flag.NeedsScopeList },
  });

const CALL = {
  method: attribute(Attribute.Method),
  tool: attribute(Attribute.Tool),
  backend: attribute(Attribute.Backend),
};

/** ai-gateway drops other members of params, and nulls as well. */
const PARAMS: AttributeEntry = {
  kind: "attribute",
  id: Attribute.Params,
  always: true,
  members: {
    name: body(Slot.Name, "name", "missing"),
    arguments: body(Slot.Arguments, "arguments", "missing"),
    _meta: body(Slot.Meta, "_meta", "missing"),
  },
};

/** Entries by variable name. */
export const VOCABULARY: Record<string, Entry> = {
  args: body(Slot.Arguments, "arguments", "null"),
  meta: body(Slot.Meta, "_meta", "null"),
  jwt: jwt("jwt"),
  mcp: {
    kind: "attribute",
    id: Attribute.Mcp,
    always: true,
    members: { ...CALL, uri: attribute(Attribute.Uri), prompt: attribute(Attribute.Prompt) },
  },
  request: group("request", {
    method: attribute(Attribute.HttpMethod, Flag.NeedsRequest),
    host: attribute(Attribute.Host, Flag.NeedsRequest),
    path: attribute(Attribute.Path, Flag.NeedsRequest),
    time: { kind: "attribute", id: Attribute.Time, always: true },
    headers: { kind: "headers", all: false },
    headers_all: { kind: "headers", all: true },
    auth: group("request.auth", { jwt: jwt("request.auth.jwt") }),
    mcp: group("request.mcp", { ...CALL, params: PARAMS }),
  }),
  source: group("source", { address: attribute(Attribute.Address), principal: attribute(Attribute.Principal) }),
};

export const VARIABLES = Object.keys(VOCABULARY);

/** The member of an entry that has named members; undefined when it has none of that name. */
export function memberOf(members: Record<string, Entry>, name: string): Entry | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
