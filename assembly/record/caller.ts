// Whose token it is, for records of policies that say `token: true`.
import { NO_SPAN, Span } from "../text/span.ts";
import { SEMICOLON } from "../text/chars.ts";
import { ValueTag, addItem, addText, closeEntry, openNamed } from "../text/struct.ts";
import { putByte, putVisible } from "../text/writer.ts";
import { findToken } from "../token/claims.ts";
import { actorOf, readIdentity, subjectOf } from "../token/identity.ts";

const MOST: u32 = 128; // bytes of each
const MOST_ACTORS: u32 = 8;

/** Adds subject, client, issuer and who acts for the subject; with `asLine` only the subject, after a semicolon. */
export function addCaller(asLine: bool): void {
  const token = findToken();
  const identity = readIdentity(token);
  if (asLine) {
    putByte(SEMICOLON);
    return putVisible(identity.subject, MOST);
  }
  addText("sub", identity.subject, MOST);
  addText("client", identity.client, MOST);
  addText("iss", identity.issuer, MOST);
  if (identity.actor) addActors(identity.actor);
}

/** The actors, the current one first, then the one that it acts for in turn. */
function addActors(first: Span): void {
  const actors = openNamed("act", ValueTag.List);
  let actor = first;
  for (let left = MOST_ACTORS; left && actor; left--, actor = actorOf(actor)) {
    const subject = subjectOf(actor);
    if (subject != NO_SPAN) addItem(subject);
  }
  closeEntry(actors);
}
