// Ranges of IP addresses (CIDR), as the filter compares them. An IPv4 address is the IPv6 address that it maps to
// (RFC 4291 section 2.5.5.2), so one comparison serves both.
import ipaddr from "ipaddr.js";

/** What is wrong with the text of a range. */
export interface RangeProblem {
  message: string;
  hint: string;
}

const EXAMPLE = "for example 10.0.0.0/8 or 2001:db8::/32";

/** The sixteen bytes of the range's first address, and how many bits of it count. */
export function readRange(text: string): Uint8Array | RangeProblem {
  const [address = "", length, ...rest] = text.split("/");
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if ((!isV4 && !isV6(address)) || rest.length > 0) return { message: `"${text}" is not an IP range`, hint: EXAMPLE };
  const most = isV4 ? 32 : 128;
  if (length === undefined) return { message: `"${text}" has no length`, hint: `write ${address}/${most}` };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > most)
    return { message: `"/${length}" is not a length from 0 to ${most}`, hint: EXAMPLE };
  const bytes = ipaddr.parse(address).toByteArray();
  const bits = Number(length);
  const first = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))) & 0xff);
  if (!isV4 && isMapped(address)) {
    const hint = "write the IPv4 range: an IPv4-mapped address counts as IPv4";
    return { message: `"${text}" is an IPv4-mapped range`, hint };
  }
  if (first.some((byte, i) => byte !== bytes[i])) {
    const network = ipaddr.fromByteArray(first).toString();
    return { message: `"${text}" has bits after its length`, hint: `write ${network}/${bits}` };
  }
  return isV4
    ? Uint8Array.of(...new Array<number>(10).fill(0), 255, 255, ...first, 96 + bits)
    : Uint8Array.of(...first, bits);
}

function isV6(text: string): boolean {
  return !text.includes("%") && ipaddr.IPv6.isValid(text);
}

function isMapped(text: string): boolean {
  return ipaddr.IPv6.parse(text).isIPv4MappedAddress();
}

/** The text of a range. */
export function rangeText(range: Uint8Array): string {
  const bits = range[16]!;
  const isV4 = bits >= 96 && range.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 255));
  const address = ipaddr.fromByteArray([...range.subarray(isV4 ? 12 : 0, 16)]);
  return `${address.toString()}/${isV4 ? bits - 96 : bits}`;
}
