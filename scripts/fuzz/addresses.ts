// IP addresses and CIDR ranges of the reference evaluators, by Node's own parser. An IPv4-mapped IPv6 address is IPv4.
import { BlockList, isIP } from "node:net";

/** ::ffff:10.1.2.3 and ::ffff:a01:203 as 10.1.2.3; any other text as it is. */
export function plainAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return text;
  const [high, low] = [parseInt(mapped[1]!, 16), parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** A range with its length; host bits are not looked at. */
export function isRange(text: string): boolean {
  const [address = "", length = ""] = text.split("/");
  const family = isIP(address);
  return family !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}

/** Whether an address lies in a range; one of the other family never does. */
export function isInRange(address: string, range: string): boolean {
  const [network = "", length = ""] = range.split("/");
  const plain = plainAddress(address);
  if (isIP(plain) !== isIP(network)) return false;
  const family = isIP(network) === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, Number(length), family);
  return list.check(plain, family);
}
