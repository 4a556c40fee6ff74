import { BlockList, isIP } from 'node:net';

/** Networks that a request of ours to somebody else's address must never reach (RFC 6890 and what clouds add to it). */
const closed = new BlockList();
const v4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT, where some clouds keep their metadata
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local and metadata services
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const v6: readonly (readonly [string, number])[] = [
  ['::', 96], // unspecified, loopback, and IPv4 in its oldest disguise
  ['64:ff9b::', 96], // NAT64: an IPv4 address within
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: an IPv4 address within
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];
for (const [net, bits] of v4) closed.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of v6) closed.addSubnet(net, bits, 'ipv6');

/** False for private, loopback, link-local, multicast and reserved addresses, also as IPv4 written as IPv6. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  // The block list itself reads ::ffff:a.b.c.d as the IPv4 address it is.
  return !closed.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
