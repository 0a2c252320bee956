import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import {
  GetModelSchema,
  JobDescriptionSchema,
  JobEndedNoticeSchema,
  JobEventNoticeSchema,
  JobRefSchema,
  ListModelsSchema,
  ModelPageSchema,
  RemoteModelSchema,
  WatchJobSchema,
  WorkerInfoSchema,
} from "../../../lib/protocol/worker_calls.ts";

const SCHEMAS: Record<string, v.GenericSchema> = {
  GetModelSchema,
  JobDescriptionSchema,
  JobEndedNoticeSchema,
  JobEventNoticeSchema,
  JobRefSchema,
  ListModelsSchema,
  ModelPageSchema,
  RemoteModelSchema,
  WatchJobSchema,
  WorkerInfoSchema,
};

Deno.test("no schema throws, whatever it is given", () => {
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    fc.assert(
      fc.property(fc.anything(), (value) => void v.safeParse(schema, value)),
      { numRuns: 50 },
    );
    for (const none of [undefined, null, "text", 7, true]) {
      assert.ok(!v.is(schema, none), `${name} takes ${none}`);
    }
  }
});

Deno.test("a job ID is one, and no path", () => {
  assert.ok(v.is(JobRefSchema, { job_id: "job_0123abcd" }));
  const odd = [
    "../../x",
    "job_0123abcd/../x",
    "job_0123ABCD",
    "job_0123abcd\n",
    "",
    "job_",
    7,
    null,
  ];
  for (const job_id of odd) {
    assert.ok(!v.is(JobRefSchema, { job_id }), String(job_id));
    assert.ok(!v.is(WatchJobSchema, { job_id }), String(job_id));
    assert.ok(!v.is(JobEventNoticeSchema, { job_id, event: {} }), String(job_id));
  }
});

Deno.test("numbers are places in a list", () => {
  assert.deepEqual(v.parse(WatchJobSchema, { job_id: "job_0123abcd" }).after_seq, 0);
  for (const odd of [-1, 0.5, NaN, Infinity, "1", null, []]) {
    assert.ok(!v.is(WatchJobSchema, { job_id: "job_0123abcd", after_seq: odd }), String(odd));
    assert.ok(!v.is(ListModelsSchema, { from: odd }), String(odd));
  }
});

Deno.test("texts are bounded", () => {
  const long = "x".repeat(4_097);
  assert.ok(!v.is(GetModelSchema, { name: long }));
  assert.ok(!v.is(ListModelsSchema, { status: long }));
  assert.ok(!v.is(WorkerInfoSchema, { name: long, host: "", root: "", version: "", mounts: [] }));
});
