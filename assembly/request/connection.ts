// Where a request comes from and when: the caller's address, the names in its certificate, the host's clock. Each is read
// when a rule or a predicate first asks for it, at most once in a callback, and kept in memory of its own, because the
// region is given back between the messages of a batch.
import { ADDRESS_SIZE, parseAddress } from "../text/address.ts";
import { bytesOf, copyBytes, sizeOf } from "../text/ascii.ts";
import { CLOSE_BRACKET, COLON, OPEN_BRACKET } from "../text/chars.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "../text/span.ts";
import { getProperty, now, Status, value, valueLength } from "../runtime/host.ts";

/** What the host says of a connection. */
export enum Peer {
  Address = 0,
  Uri = 1, //     the certificate's first URI name
  Dns = 2, //     its first DNS name
  Subject = 3,
  Count = 4,
}

const ADDRESS = "source\0address";
const URI = "connection\0uri_san_peer_certificate";
const DNS = "connection\0dns_san_peer_certificate";
const SUBJECT = "connection\0subject_peer_certificate";
/** Bytes of a text that is kept. */
const ROOM: u32 = 1024;

const texts: usize = memory.data(<i32>(Peer.Count * 8), 8); // a Span each
const rooms: usize = memory.data(<i32>(Peer.Count * ROOM), 8);
const address: usize = memory.data(<i32>ADDRESS_SIZE, 8);
let known: u32 = 0; //      a bit for each Peer that was read
let unreadable: u32 = 0; // for each that is there, but cannot be used
let isAddress: bool = false;
let time: u64 = 0;

/** Forgets the request before. */
export function openConnection(): void {
  known = unreadable = 0;
  time = 0;
}

/** A text of the connection; NO_SPAN when there is none. The address has no port. */
export function peerText(peer: u32): Span {
  if (!((known >> peer) & 1)) readPeer(peer);
  return load<u64>(texts + ((<usize>peer) << 3));
}

/** Whether the host has such a text, but it cannot be used: nobody knows then what it says. */
export function isUnreadable(peer: u32): bool {
  peerText(peer);
  return ((unreadable >> peer) & 1) != 0;
}

/** The sixteen bytes of the caller's address; 0 when nobody knows it. */
export function callerAddress(): usize {
  peerText(Peer.Address);
  return isAddress ? address : 0;
}

/** The first name that the certificate has; NO_SPAN without one. */
export function principal(): Span {
  for (let peer: u32 = Peer.Uri; peer < <u32>Peer.Count; peer++) {
    if (spanLength(peerText(peer)) || isUnreadable(peer)) return peerText(peer);
  }
  return NO_SPAN;
}

/** The host's clock, nanoseconds since 1970; 0 when it cannot be read. */
export function requestTime(): u64 {
  if (!time) time = now();
  return time;
}

function readPeer(peer: u32): void {
  known |= 1 << peer;
  const status = ask(peer);
  let text = status == Status.Ok ? spanOf(value(), valueLength()) : NO_SPAN;
  if (peer == Peer.Address) text = withoutPort(text);
  const isLong = spanLength(text) > ROOM;
  if (isLong || status > <u32>Status.NotFound) unreadable |= 1 << peer;
  const room = rooms + <usize>(peer * ROOM);
  if (isLong || !spanLength(text)) text = NO_SPAN;
  else {
    copyBytes(room, spanStart(text), spanLength(text));
    text = spanOf(room, spanLength(text));
  }
  store<u64>(texts + ((<usize>peer) << 3), text);
  if (peer == Peer.Address) isAddress = text != NO_SPAN && parseAddress(text, address);
}

function ask(peer: u32): u32 {
  if (peer == Peer.Address) return getProperty(bytesOf(ADDRESS), sizeOf(ADDRESS));
  if (peer == Peer.Uri) return getProperty(bytesOf(URI), sizeOf(URI));
  return peer == Peer.Dns ? getProperty(bytesOf(DNS), sizeOf(DNS)) : getProperty(bytesOf(SUBJECT), sizeOf(SUBJECT));
}

/** `10.1.2.3:5000` and `[2001:db8::1]:5000` without the port and the brackets. */
function withoutPort(text: Span): Span {
  const start = spanStart(text);
  let length = spanLength(text);
  while (length && load<u8>(start + <usize>length - 1) != COLON) length--;
  if (!length) return NO_SPAN;
  length--;
  const isV6 = length > 1 && load<u8>(start) == OPEN_BRACKET && load<u8>(start + <usize>length - 1) == CLOSE_BRACKET;
  return isV6 ? spanOf(start + 1, length - 2) : spanOf(start, length);
}
