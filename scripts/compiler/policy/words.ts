// The words of policies and what each stands for.
import {
  Action,
  BackendFrom,
  ClaimType,
  ENFORCED,
  Kind,
  RecordFlag,
  SenderConstrained,
} from "../../../assembly/program.ts";
import type { Denial } from "./policy.ts";

/** `action` and `defaultAction`. */
export const ACTIONS = { Allow: Action.Allow, Deny: Action.Deny };
/** `action` of a rule of a Policy. */
export const RULE_ACTIONS = { ...ACTIONS, Require: Action.Require };

/** `valueType` of a claim. */
export const CLAIM_TYPES = { String: ClaimType.String, StringArray: ClaimType.StringArray };

/** `backend.from`. */
export const BACKENDS = { toolPrefix: BackendFrom.ToolPrefix, route: BackendFrom.Route, cluster: BackendFrom.Cluster };

/** `jwt.senderConstrained`. */
export const BOUND = {
  refuse: SenderConstrained.Refuse,
  verify: SenderConstrained.Verify,
  accept: SenderConstrained.Accept,
};

/** A key that can stand in an access log format, `%DYNAMIC_METADATA(…:KEY:sub)%`, and mean nothing else there. */
export const METADATA_KEY = /^[\w./@+~-]+$/;

/** `denial`. */
export const DENIALS: Record<Denial, Denial> = { http: "http", "in-band": "in-band", mixed: "mixed" };

/** `govern`. */
export const GOVERNED = {
  tools: Kind.Tool,
  resources: Kind.Resource,
  prompts: Kind.Prompt,
  completion: Kind.Completion,
  subscriptions: Kind.Subscription,
  tasks: Kind.Task,
  methods: Kind.Method,
} as const;

/** Characters of an expression: ai-gateway's limit is 4,096. */
export const MAX_EXPRESSION = 16384;

/** `type` in `args`. */
export const JSON_TYPES = ["number", "integer", "string", "boolean", "null", "array", "object"] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** The kinds of target: the member that names one, the words for it inside an entry, and what else an entry has. */
export const TARGETS: Record<string, { kind: Kind; names: string[]; more?: string[] }> = {
  tools: { kind: Kind.Tool, names: ["tool", "toolName"], more: ["backend", "args", "onlyArgs"] },
  resources: { kind: Kind.Resource, names: ["uri"] },
  prompts: { kind: Kind.Prompt, names: ["prompt", "name"] },
  methods: { kind: Kind.Method, names: ["method"] },
};

/** `mode` of a rule: for how many of 100 subjects it is enforced. */
export const MODES = { enforce: ENFORCED, shadow: 0, off: -1 };

/** `mode` of a policy: whether it is in shadow. */
export const POLICY_MODES = { enforce: false, shadow: true };

/** `record.of`. */
export const RECORDED = { all: RecordFlag.Passes | RecordFlag.Refusals, denials: RecordFlag.Refusals, off: 0 };

/** `record.form`. */
export const FORMS = { object: 0, text: RecordFlag.Text };

/** The path of an argument that records have: names with dots between them. */
export const ARGUMENT_PATH = /^[ -\-/-~]+(?:\.[ -\-/-~]+)*$/;
/** Characters of one; the filter writes the length in one byte. */
export const MAX_ARGUMENT = 100;
