import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import {
  decodeSubmit,
  encodeSubmit,
  type JobRejection,
  type SubmitMessage,
  TrainSubmissionSchema,
} from "../../../lib/protocol/job_submit.ts";

const id = fc.stringMatching(/^[\w-]{1,64}$/);
const rejection: fc.Arbitrary<JobRejection> = fc.record({
  field: fc.string(),
  message: fc.string(),
  hint: fc.string(),
  exit_code: fc.integer({ min: 1, max: 255 }),
}, { requiredKeys: ["field", "message"] });
const message: fc.Arbitrary<SubmitMessage> = fc.oneof(
  fc.record({
    type: fc.constant("submit" as const),
    clientJobId: id,
    submission: fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value))),
  }),
  fc.record({ type: fc.constant("accepted" as const), jobId: id }),
  fc.record({
    type: fc.constant("rejected" as const),
    clientJobId: id,
    errors: fc.array(rejection, { minLength: 1, maxLength: 5 }),
  }),
);

Deno.test("every message reads back as it was", () => {
  fc.assert(fc.property(message, (message) => {
    const read = decodeSubmit(encodeSubmit(message));
    assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(message)));
  }));
});

Deno.test("decodeSubmit() never throws on hostile text", () => {
  const prefix = fc.constantFrom(
    "",
    "JOB_SUBMIT::a::",
    "JOB_REJECTED::a::",
    'JOB_REJECTED::a::{"errors":',
    "JOB_ACCEPTED::",
  );
  const body = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.string());
  fc.assert(fc.property(prefix, body, (prefix, body) => void decodeSubmit(prefix + body)));
});

Deno.test("deep JSON, huge arrays and half a document are a submission of nothing", () => {
  const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
  for (const json of [deep, '{"type":', "", "{}{}", "undefined", "NaN"]) {
    assert.deepEqual(decodeSubmit(`JOB_SUBMIT::a::${json}`), {
      type: "submit",
      clientJobId: "a",
      submission: null,
    });
    assert.equal(decodeSubmit(`JOB_REJECTED::a::${json}`), null);
  }
  const wide = { type: "train", config_contents: Array(20_000).fill("") };
  const decoded = decodeSubmit(`JOB_SUBMIT::a::${JSON.stringify(wide)}`);
  assert.ok(decoded?.type === "submit");
  assert.ok(!v.is(TrainSubmissionSchema, decoded.submission));
});

Deno.test("messages that only look like ours are none", () => {
  const texts = [
    "JOB_SUBMIT::a",
    "JOB_SUBMIT::../../x::{}",
    `JOB_SUBMIT::${"a".repeat(65)}::{}`,
    "JOB_SUBMIT::::{}",
    " JOB_SUBMIT::a::{}",
    "JOB_ACCEPTED::",
    "JOB_ACCEPTED::a::b",
    "JOB_ACCEPTED::a\n",
    'JOB_REJECTED::a::{"errors":[]}',
    'JOB_REJECTED::a::{"errors":[{"field":1,"message":"m"}]}',
    'JOB_REJECTED::a::{"errors":[{"field":"f","message":"m","exit_code":0}]}',
    'JOB_REJECTED::a::{"errors":[{"field":"f","message":"m","exit_code":256}]}',
  ];
  for (const text of texts) assert.equal(decodeSubmit(text), null, text);
});

Deno.test("a submission is checked field by field; unknown keys are ignored", () => {
  const good = { type: "train", config_content: "x", unknown: 1, labels_path: null };
  assert.ok(v.is(TrainSubmissionSchema, good));
  const bad = [
    { type: "track" },
    { labels_path: "" },
    { labels_path: "x".repeat(4_097) },
    { labels_path: ["/a"] },
    { config_paths: Array(17).fill("/a.yaml") },
    { config_contents: [1] },
    { run_name: "" },
    { run_name: "x".repeat(1_025) },
    { max_epochs: 0 },
    { max_epochs: 1.5 },
    { max_epochs: 1e300 },
    { batch_size: "4" },
    { learning_rate: 0 },
    { learning_rate: -1 },
    { learning_rate: Infinity },
  ];
  for (const fields of bad) {
    assert.ok(!v.is(TrainSubmissionSchema, { ...good, ...fields }), JSON.stringify(fields));
  }
  for (const none of [null, [], "train", 7]) assert.ok(!v.is(TrainSubmissionSchema, none));
});
