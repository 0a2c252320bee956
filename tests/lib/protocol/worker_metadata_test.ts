import assert from "node:assert/strict";
import fc from "fast-check";
import { workerProperties } from "../../../lib/protocol/worker_metadata.ts";

const NOTHING = {
  worker_name: "",
  status: "",
  hostname: "",
  gpu_model: "",
  gpu_memory_mb: 0,
  features: [],
  mounts: [],
};

Deno.test("what a worker tells is read", () => {
  const told = {
    worker_name: "gpu1",
    status: "available",
    hostname: "h",
    gpu_model: "NVIDIA H100",
    gpu_memory_mb: 81_920,
    features: ["rpc-1"],
    mounts: [{ path: "/data", label: "data" }],
  };
  assert.deepEqual(workerProperties({ properties: { ...told, other: 1 } }), told);
});

Deno.test("anything else reads as its absence, field by field", () => {
  const odd = {
    worker_name: 7,
    status: null,
    hostname: "h",
    gpu_model: ["x"],
    gpu_memory_mb: "many",
    features: [1, 2],
    mounts: [{ path: 1 }],
  };
  assert.deepEqual(workerProperties({ properties: odd }), { ...NOTHING, hostname: "h" });
  for (const properties of [undefined, null, "x", 7, []]) {
    assert.deepEqual(workerProperties({ properties }), NOTHING);
  }
});

Deno.test("workerProperties() never throws", () => {
  fc.assert(fc.property(fc.anything(), (properties) => void workerProperties({ properties })));
  const keys = fc.constantFrom(...Object.keys(NOTHING));
  fc.assert(fc.property(fc.dictionary(keys, fc.anything()), (properties) => {
    assert.deepEqual(Object.keys(workerProperties({ properties })), Object.keys(NOTHING));
  }));
});
