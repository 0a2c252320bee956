import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeLegacyJob,
  encodeLegacyJob,
  type LegacyJobMessage,
} from "../../../lib/protocol/legacy_job.ts";

const text = fc.string({ unit: "grapheme" });
const seconds = fc.double({ min: 0, max: 1e9, noNaN: true });
const count = fc.nat();
const jobType = fc.constantFrom("train" as const, "track" as const);
const name = text.filter((name) => name !== "").map((name) => name.replaceAll(":", "_"));

const messages: fc.Arbitrary<LegacyJobMessage> = fc.oneof(
  fc.constant<LegacyJobMessage>({ type: "stop" }),
  fc.record({
    type: fc.constant("cancel" as const),
    jobId: fc.constantFrom("job_0123abcd", "1f2e3d4c", null),
  }),
  fc.record({
    type: fc.constant("control" as const),
    command: fc.constantFrom("stop" as const, "cancel" as const),
  }),
  fc.record({
    type: fc.constant("log" as const),
    text: text.filter((line) => !line.startsWith("CR::")),
    isOverwritten: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("progress" as const),
    progress: fc.record({ epoch: count, loss: seconds, val_loss: seconds }, {
      requiredKeys: ["epoch"],
    }),
  }),
  fc.record({ type: fc.constant("model_type" as const), modelType: text }),
  fc.record({ type: fc.constant("file_meta" as const), name, bytes: count, hint: name }),
  fc.constant<LegacyJobMessage>({ type: "end_of_file" }),
  fc.record({
    type: fc.constant("complete" as const),
    result: fc.record({
      job_id: text,
      job_type: jobType,
      duration_seconds: seconds,
      success: fc.constant(true as const),
      stopped_early: fc.boolean(),
      output_path: text,
    }, { requiredKeys: ["job_id", "job_type", "duration_seconds", "success", "stopped_early"] }),
  }),
  fc.record({
    type: fc.constant("failed" as const),
    failure: fc.record({
      job_id: text,
      job_type: jobType,
      message: text,
      error: text,
      duration_seconds: seconds,
    }, { requiredKeys: ["job_id", "job_type", "message"] }),
  }),
  fc.record({ type: fc.constant("inference_skipped" as const), reason: text }),
);

Deno.test("decodeLegacyJob() reads what encodeLegacyJob() writes", () => {
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
  fc.assert(fc.property(messages, (message) => {
    assert.deepEqual(plain(decodeLegacyJob(encodeLegacyJob(message))), plain(message));
  }));
});

Deno.test("decodeLegacyJob() never throws, whatever comes", () => {
  const words = fc.constantFrom(
    "JOB_STOP",
    "JOB_CANCEL",
    "CONTROL_COMMAND",
    "ZMQ_CTRL",
    "JOB_LOG",
    "JOB_PROGRESS",
    "FILE_META",
    "JOB_COMPLETE",
    "JOB_FAILED",
    "INFERENCE_SKIPPED",
    "",
  );
  const json = fc.json({ maxDepth: 12 });
  fc.assert(fc.property(words, fc.oneof(text, json), (word, argument) => {
    decodeLegacyJob(word);
    decodeLegacyJob(argument);
    decodeLegacyJob(`${word}::${argument}`);
  }));
  const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
  assert.equal(decodeLegacyJob(`JOB_FAILED::${deep}`), null);
});

Deno.test("messages are written as the Python program writes them", () => {
  assert.equal(
    encodeLegacyJob({ type: "log", text: '{"n_total": 2}', isOverwritten: false }),
    'JOB_LOG::{"n_total": 2}',
  );
  assert.equal(
    encodeLegacyJob({ type: "log", text: "50%", isOverwritten: true }),
    "JOB_LOG::CR::50%",
  );
  const meta = { type: "file_meta", name: "a:b::c.predictions.slp", bytes: 12, hint: "" } as const;
  assert.equal(encodeLegacyJob(meta), "FILE_META::a_b__c.predictions.slp:12:");
});

Deno.test("requests to end are read as exact words and with an ID", () => {
  assert.deepEqual(decodeLegacyJob("JOB_STOP"), { type: "stop" });
  assert.deepEqual(decodeLegacyJob("JOB_CANCEL"), { type: "cancel", jobId: null });
  assert.deepEqual(decodeLegacyJob("JOB_CANCEL::job_0123abcd"), {
    type: "cancel",
    jobId: "job_0123abcd",
  });
  for (const word of ["CONTROL_COMMAND", "ZMQ_CTRL"]) {
    assert.deepEqual(decodeLegacyJob(`${word}::{"command": "stop"}`), {
      type: "control",
      command: "stop",
    });
  }
  for (const none of ["JOB_STOP::x", "JOB_CANCEL::../x", "JOB_STOPPED", 'ZMQ_CTRL::{"a":1}', ""]) {
    assert.equal(decodeLegacyJob(none), null, none);
  }
});
