// `--record-key FILE`: the secret with which the filter hashes what records must not show.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { CannotRun, UsageError, type OptionValue } from "./command.ts";
import { needsKey, type Policy } from "./compiler/index.ts";

const LEAST = 16; // bytes

/** The key as the plugin configuration has it, 64 characters; undefined without the option. Throws CannotRun. */
export function readRecordKey(file: OptionValue): string | undefined {
  if (typeof file !== "string") return undefined;
  const secret = read(file);
  if (secret.length < LEAST)
    throw new UsageError(`--record-key ${file} has ${secret.length} bytes; at least ${LEAST} are needed`);
  return createHash("sha256").update(secret).digest("hex");
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CannotRun(`cannot read ${file}: ${(error as Error).message}`);
  }
}

/** Without a key what is to be hashed is left out of the records. */
export function warnWithoutKey(members: readonly { policy: Policy }[], key: OptionValue): void {
  const lacking = members.find(({ policy }) => needsKey(policy));
  if (key !== undefined || !lacking) return;
  process.stderr.write(`scopegate: policy ${lacking.policy.name}: without --record-key its records have no hashes\n`);
}
