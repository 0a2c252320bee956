import assert from "node:assert/strict";
import {
  describeWorker,
  meantWorkers,
  nameOf,
  severalWorkers,
  workersOf,
} from "../../../lib/client/worker_peers.ts";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import { RPC_FEATURE } from "../../../lib/protocol/worker_metadata.ts";
import type { PeerInfo } from "../../../lib/signaling/client.ts";

function peer(peerId: string, properties: unknown, role = "worker"): PeerInfo {
  return { peerId, role, metadata: { properties } } as PeerInfo;
}

function ours(worker_name: string, more: Record<string, unknown> = {}) {
  return { worker_name, features: [RPC_FEATURE], status: "available", ...more };
}

Deno.test("only workers that speak our protocol are ours, the idle ones with most memory first", () => {
  const peers = [
    peer("client", ours("c"), "client"),
    peer("python", { worker_name: "p" }),
    peer("odd", 7),
    peer("busy", ours("busy", { status: "busy", gpu_memory_mb: 80_000 })),
    peer("small", ours("small", { gpu_memory_mb: 8_000 })),
    peer("large", ours("large", { gpu_memory_mb: 24_000 })),
  ];
  assert.deepEqual(workersOf(peers).map(({ peerId }) => peerId), ["large", "small", "busy"]);
});

Deno.test("a worker is meant by its peer ID before its name; two of one name are both meant", () => {
  const workers = workersOf([peer("a", ours("b")), peer("b", ours("x")), peer("c", ours("x"))]);
  const meant = (wanted?: string) =>
    meantWorkers(workers, wanted, "lab").map(({ peerId }) => peerId).sort();
  assert.deepEqual(meant("b"), ["b"]);
  assert.deepEqual(meant("x"), ["b", "c"]);
  assert.deepEqual(meant(), ["a", "b", "c"]);
  assert.throws(() => meant("none"), NotFoundError);
  assert.throws(() => meantWorkers([], undefined, "lab"), NotFoundError);
});

Deno.test("names of workers do nothing to a terminal", () => {
  const evil = "\x1b]0;x\x07\nerror: all is lost";
  const workers = workersOf([peer(evil, ours("", { gpu_model: evil })), peer("b", ours(evil))]);
  const error = severalWorkers(workers);
  assert.ok(error instanceof UsageError);
  const none = (() => {
    try {
      return meantWorkers(workers, "none", "lab");
    } catch (error) {
      return (error as NotFoundError).hint ?? "";
    }
  })();
  const [first] = workers;
  assert.equal(first && nameOf(first), evil);
  for (const text of [...workers.map(describeWorker), error.hint, none]) {
    assert.doesNotMatch(String(text), /\p{Control}/u);
  }
});
