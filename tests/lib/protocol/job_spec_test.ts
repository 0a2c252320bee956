import assert from "node:assert/strict";
import * as v from "valibot";
import { TrainOverridesSchema } from "../../../lib/protocol/job_spec.ts";

Deno.test("overrides of a training are numbers that a training can use", () => {
  const isValid = (overrides: unknown) => v.safeParse(TrainOverridesSchema, overrides).success;
  assert.ok(isValid({ max_epochs: 1, batch_size: 4, learning_rate: 1e-4 }));
  for (const bad of [0, -1, 1.5, NaN, Infinity, 1e300]) {
    assert.ok(!isValid({ max_epochs: bad }), `max_epochs ${bad}`);
    assert.ok(!isValid({ batch_size: bad }), `batch_size ${bad}`);
  }
  for (const bad of [0, -1, NaN, Infinity]) {
    assert.ok(!isValid({ learning_rate: bad }), `learning_rate ${bad}`);
  }
});
