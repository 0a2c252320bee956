import { networkInterfaces } from "node:os";

/** Interfaces that werift leaves out as costly: they are how a VPN reaches the lab. */
const TUNNEL = /^(?:ipsec|u?tun|tap)/;

/** Addresses of one machine's interfaces, as `node:os` tells them. */
export type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * Addresses of this machine at which it may be reached and which werift does not find: those of
 * tunnels, and the loopback address where there is no other.
 */
export function additionalHostAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const outer = Object.entries(interfaces).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ internal, address }) => !internal && !/^(?:169\.254\.|fe80:)/.test(address))
      .map(({ address }) => ({ name, address }))
  );
  if (outer.length === 0) return ["127.0.0.1"];
  return outer.filter(({ name }) => TUNNEL.test(name)).map(({ address }) => address);
}
