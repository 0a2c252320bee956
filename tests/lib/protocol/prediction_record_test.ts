import assert from "node:assert/strict";
import * as v from "valibot";
import {
  defaultOutputName,
  PredictionRecordSchema,
  recordPath,
} from "../../../lib/protocol/prediction_record.ts";
import { predictionRecord } from "../../support/download.ts";

Deno.test("defaultOutputName() replaces the last extension", () => {
  const names: Record<string, string> = {
    "clip.mp4": "clip.predictions.slp",
    "mice.pkg.slp": "mice.pkg.predictions.slp",
    "clip": "clip.predictions.slp",
    ".hidden": ".hidden.predictions.slp",
    "a.b c.avi": "a.b c.predictions.slp",
  };
  for (const [data, output] of Object.entries(names)) assert.equal(defaultOutputName(data), output);
  assert.equal(recordPath("/lab/clip.predictions.slp"), "/lab/clip.predictions.slp.json");
});

Deno.test("PredictionRecordSchema takes what belongs to it, and nothing else", () => {
  const record = predictionRecord({ sha256: "ab".repeat(32), bytes: 3 });
  assert.deepEqual(v.parse(PredictionRecordSchema, record), record);
  for (const wrong of [{ version: 2 }, { output: {} }, { models: [{}] }, { created_at: "now" }]) {
    assert.ok(!v.is(PredictionRecordSchema, { ...record, ...wrong }));
  }
});
