import assert from "node:assert/strict";
import {
  additionalHostAddresses,
  type Interfaces,
} from "../../../../lib/rtc/transport/host_addresses.ts";

function at(address: string, internal = false) {
  return { address, internal, family: "IPv4", netmask: "", mac: "", cidr: null } as const;
}

Deno.test("additionalHostAddresses() adds tunnels, and loopback where there is nothing else", () => {
  const lo = [at("127.0.0.1", true)];
  const cases: [Interfaces, string[]][] = [
    [{ lo, eth0: [at("192.0.2.2")] }, []],
    [{ lo, eth0: [at("192.0.2.2")], tun0: [at("198.51.100.7")] }, ["198.51.100.7"]],
    [{ lo, utun3: [at("198.51.100.7")] }, ["198.51.100.7"]],
    [{ lo }, ["127.0.0.1"]],
    [{ lo, eth0: [at("169.254.3.4")] }, ["127.0.0.1"]],
  ];
  for (const [interfaces, expected] of cases) {
    assert.deepEqual(additionalHostAddresses(interfaces), expected);
  }
});
