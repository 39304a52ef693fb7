// Whether a tool of a list is as the lock of the policy has it: docs/authoring.md.
import { Drift, LOCKED_SIZE, LockedField, NONE, Section, Setting } from "../program.ts";
import { backendName, targetName, toolName } from "../request/call.ts";
import { regionEnd } from "../runtime/memory.ts";
import { rewind } from "../runtime/budget.ts";
import { hasText, isTextAt, section, sectionCount, setting, textSpan } from "../sections.ts";
import { SHA256_SIZE, sha256 } from "../text/sha256.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "../text/span.ts";
import { canonical } from "./canonical.ts";

const digest: usize = memory.data(32, 8);

/** Whether the policy says anything of tools that are not as in its lock. */
export function watchesDrift(): bool {
  return setting(Setting.Drift) != Drift.Off;
}

/** Whether such tools are hidden. */
export function hidesDrift(): bool {
  return setting(Setting.Drift) == Drift.Hide;
}

/**
 * Whether the tool that is being judged, the object [at, end), is another than in the lock or not in it at all. Of a backend
 * without a lock nothing is known, so its tools have not drifted.
 */
export function hasDrifted(at: usize, end: usize): bool {
  const isOfBackend = backendName != NO_SPAN && hasLock(backendName);
  if (!isOfBackend && !hasLock(NO_SPAN)) return false;
  const name = isOfBackend ? toolName : targetName;
  const place = find(isOfBackend ? backendName : NO_SPAN, name);
  return place == NONE || !isDigestOf(place, at, end, name);
}

function isDigestOf(place: u32, at: usize, end: usize, name: Span): bool {
  const before = regionEnd();
  const text = canonical(at, end, name);
  if (text) sha256(spanStart(text), spanLength(text), digest);
  rewind(before);
  return text != NO_SPAN && isTextAt(lockedAt(place) + LockedField.Digest, spanOf(digest, SHA256_SIZE));
}

// @ts-ignore: decorator
@inline
function lockedAt(index: u32): usize {
  return section(Section.Locked) + <usize>index * LOCKED_SIZE;
}

/** Whether the policy has a lock for a backend; NO_SPAN: one for all tools by the names that they are sent with. */
function hasLock(backend: Span): bool {
  const place = lowerBound(backend, NO_SPAN);
  return place < sectionCount(Section.Locked) && compareBackend(lockedAt(place), backend) == 0;
}

/** The LockedRecord of a tool; NONE when there is none. */
function find(backend: Span, name: Span): u32 {
  const place = lowerBound(backend, name);
  if (place >= sectionCount(Section.Locked)) return NONE;
  const record = lockedAt(place);
  return compareBackend(record, backend) == 0 && isTextAt(record + LockedField.Name, name) ? place : NONE;
}

/** The first record that is not before a backend and name. */
function lowerBound(backend: Span, name: Span): u32 {
  let low: u32 = 0;
  let high = sectionCount(Section.Locked);
  while (low < high) {
    const middle = (low + high) / 2;
    const record = lockedAt(middle);
    const order = compareBackend(record, backend);
    if (order < 0 || (order == 0 && compare(textSpan(record + LockedField.Name), name) < 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Records without a backend come first. */
function compareBackend(record: usize, backend: Span): i32 {
  const has = hasText(record + LockedField.Backend);
  if (!backend || !has) return <i32>has - i32(backend != NO_SPAN);
  return compare(textSpan(record + LockedField.Backend), backend);
}

/** Below, equal or above 0, by bytes. */
function compare(a: Span, b: Span): i32 {
  const order = memory.compare(spanStart(a), spanStart(b), min(spanLength(a), spanLength(b)));
  return order ? order : <i32>spanLength(a) - <i32>spanLength(b);
}
