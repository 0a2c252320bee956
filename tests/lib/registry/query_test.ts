import assert from "node:assert/strict";
import type { ModelEntry } from "../../../lib/registry.ts";
import { bestLoss, epochCount, type ModelQuery, queryModels } from "../../../lib/registry/query.ts";

const NEWEST: ModelEntry = {
  id: "cccc0003",
  model_type: "centroid",
  run_name: "run_10",
  alias: "night-mice",
  metrics: { best_val_loss: 0.2, final_val_loss: 0.3 },
};
const MIDDLE: ModelEntry = { id: "bbbb0002", model_type: "bottomup", notes: "Blurred" };
const OLDEST: ModelEntry = {
  id: "aaaa0001",
  model_type: "centroid",
  run_name: "Run_2",
  tags: ["day", "Top view"],
  metadata: { dataset: "mice.pkg.slp" },
  metrics: { final_val_loss: 0.1 },
};
const ENTRIES = [NEWEST, MIDDLE, OLDEST];

function ids(query: ModelQuery): string[] {
  return queryModels(ENTRIES, query).map(({ id }) => id.slice(0, 1));
}

Deno.test("queryModels() keeps the given order, newest first, and changes nothing", () => {
  assert.deepEqual(ids({}), ["c", "b", "a"]);
  assert.deepEqual(ids({ sort: "date", reverse: true }), ["a", "b", "c"]);
  assert.deepEqual(ENTRIES, [NEWEST, MIDDLE, OLDEST]);
});

Deno.test("queryModels() sorts names as people do, what has none last", () => {
  assert.deepEqual(ids({ sort: "name" }), ["a", "c", "b"]);
});

Deno.test("queryModels() sorts by type, the newer first among equals", () => {
  assert.deepEqual(ids({ sort: "type" }), ["b", "c", "a"]);
});

Deno.test("queryModels() sorts by loss, what has none last", () => {
  assert.deepEqual(ids({ sort: "loss" }), ["a", "c", "b"]);
  assert.deepEqual(ids({ sort: "loss", limit: 1 }), ["a"]);
});

Deno.test("queryModels() searches every text that names a model, in any case", () => {
  const searches = { CCCC: "c", night: "c", RUN_2: "a", bottom: "b", top: "a", MICE: "ca" };
  for (const [search, found] of Object.entries(searches)) {
    assert.deepEqual(ids({ search }).join(""), found, search);
  }
  assert.deepEqual(ids({ search: "blurred" }), ["b"]);
  assert.deepEqual(ids({ search: "nowhere" }), []);
});

Deno.test("queryModels() limits after sorting, and a large limit takes all", () => {
  assert.deepEqual(ids({ sort: "name", limit: 2 }), ["a", "c"]);
  assert.deepEqual(ids({ limit: 99 }), ["c", "b", "a"]);
});

Deno.test("bestLoss() prefers the best loss to the last one", () => {
  assert.equal(bestLoss(NEWEST), 0.2);
  assert.equal(bestLoss(OLDEST), 0.1);
  assert.equal(bestLoss(MIDDLE), null);
});

Deno.test("epochCount() counts from the stored index while a model is not completed", () => {
  assert.equal(epochCount({ id: "a", last_epoch: 7 }), 8);
  assert.equal(epochCount({ id: "a", last_epoch: 7, metrics: { epochs_completed: 5 } }), 5);
  assert.equal(epochCount({ id: "a", last_epoch: null, metrics: {} }), null);
});
