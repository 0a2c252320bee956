import assert from "node:assert/strict";
import * as v from "valibot";
import { PredictionRecordSchema, recordPath } from "../../../lib/protocol/prediction_record.ts";
import { predictionRecord } from "../../support/download.ts";

Deno.test("recordPath() is beside the predictions", () => {
  assert.equal(recordPath("/lab/clip.predictions.slp"), "/lab/clip.predictions.slp.json");
});

Deno.test("PredictionRecordSchema takes what belongs to it, and nothing else", () => {
  const record = predictionRecord({ sha256: "ab".repeat(32), bytes: 3 });
  assert.deepEqual(v.parse(PredictionRecordSchema, record), record);
  for (const wrong of [{ version: 2 }, { output: {} }, { models: [{}] }, { created_at: "now" }]) {
    assert.ok(!v.is(PredictionRecordSchema, { ...record, ...wrong }));
  }
});
