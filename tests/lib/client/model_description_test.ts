import assert from "node:assert/strict";
import { describeModel } from "../../../lib/client/model_description.ts";
import type { LocatedModel } from "../../../lib/registry/located_model.ts";
import type { ModelEntry } from "../../../lib/registry.ts";
import { ModelEntrySchema } from "../../../lib/registry/entry.ts";

/** An entry with every key of the schema. */
const FULL: ModelEntry = {
  id: "a3f5e8c9",
  full_hash: "full-hash",
  run_name: "run-name",
  model_type: "centroid",
  training_job_hash: "data-md5",
  labels_sha256: "labels-sha",
  status: "completed",
  alias: "mouse-v2",
  checkpoint_path: "models/x/best.ckpt",
  last_checkpoint_path: "models/x/last.ckpt",
  checkpoint: { epoch: 40, sha256: "checkpoint-sha", bytes: 1_418_133 },
  config_path: "models/x/training_config.yaml",
  created_at: "not a time",
  completed_at: "2026-01-02T03:04:05.000Z",
  interrupted_at: "2026-01-03T03:04:05.000Z",
  failed_at: "2026-01-04T03:04:05.000Z",
  imported_at: "2026-01-07T03:04:05.000Z",
  imported_from: { folder: "/old/centroid", mode: "link", host: "old-box" },
  last_epoch: 61,
  metrics: {
    best_val_loss: 0.125,
    best_epoch: 40,
    final_val_loss: 0.25,
    epochs_completed: 50,
    pck: 0.9,
  },
  metadata: {
    dataset: "mice.pkg.slp",
    gpu_model: "NVIDIA H100",
    training_duration_seconds: 125,
    room: "B12",
  },
  training_hyperparameters: { learning_rate: 0.001, nested: { deep: "yes" } },
  sleap_nn_version: "0.3.5",
  source: "worker-training",
  job_id: "job_2",
  model_index: 1,
  running: false,
  attempts: [
    { job_id: "job_1", attempt: 1, first_epoch: 0, last_epoch: 30, started_from: null },
    {
      job_id: "job_2",
      attempt: 2,
      first_epoch: 31,
      last_epoch: 49,
      started_from: { path: "models/x/old.ckpt", epoch: 30, sha256: "start-sha" },
      node: "gpu07",
    },
  ],
  history: [
    { time: "2026-01-05T03:04:05.000Z", status: "interrupted", running: true, reason: "history-1" },
    { time: "2026-01-06T03:04:05.000Z", status: "completed", job_id: "history-2" },
  ],
  stopped_early: true,
  booked: { job_id: "job_2", attempt: 2, seq: 321 },
  reason: "the-reason",
  error: "the-error",
  warning: "the-warning",
  tags: ["day", "top"],
  notes: "first line\nsecond line",
  revision: 77,
  of_another_program: { kept: "too" },
};

function describe(entry: ModelEntry, missing: string[] = [], isColoured = false): string {
  return describeModel(located(entry), { missingFiles: new Set(missing), isColoured });
}

function located(entry: ModelEntry, supervised = true): LocatedModel {
  const location = { host: "gpu-box", root: "/lab" };
  return { entry, checkpointExists: true, supervised, location };
}

Deno.test("3.2.3 describeModel() leaves nothing out that is stored", () => {
  const untested = Object.keys(ModelEntrySchema.entries).filter((key) => !(key in FULL));
  assert.deepEqual(untested, []);
  const text = describe(FULL);
  const expected = [
    ...["full-hash", "run-name", "centroid", "data-md5", "labels-sha", "completed"],
    ...["checkpoint-sha", "1.4 MB (1418133 bytes)", "not a time", "2026-01-0", "worker-training"],
    ...["the-reason", "the-error", "the-warning", "day, top", "B12", "NVIDIA H100", "mice.pkg.slp"],
    ...[
      "0.3.5",
      "learning_rate",
      "nested.deep    yes",
      "2 min 05 s",
      "gpu07",
      "321",
      "77",
      "gpu-box",
    ],
    ...["Attempt 1  job_1, epochs 1 to 31\n", "Attempt 2  job_2, epochs 32 to 50\n"],
    ...["models/x/old.ckpt, epoch 31, SHA-256 start-sha", "/lab/jobs/job_2/log.txt"],
    ...["interrupted (running), history-1", "completed, history-2", "stopped_early"],
    ...["model_index", "running", '{"kept":"too"}'],
    ...["/old/centroid (link)", "old-box", "2026-01-07"],
  ];
  for (const part of expected) assert.ok(text.includes(part), part);
});

Deno.test("3.2.3 describeModel() counts epochs from 1 and shows both losses", () => {
  const text = describe(FULL);
  assert.match(text, /^ {2}Epochs +50$/m);
  assert.match(text, /^ {2}Last epoch +62$/m);
  assert.match(text, /0\.1250 \(best, epoch 41\)/);
  assert.match(text, /0\.2500 \(last\)/);
  assert.match(text, /^ {4}epoch +41$/m);
});

Deno.test("3.2.4 describeModel() says of every file whether it exists", () => {
  const text = describe(FULL, ["models/x/last.ckpt", "models/x/training_config.yaml"]);
  assert.match(text, /best\.ckpt \(exists\)/);
  assert.match(text, /last\.ckpt \(MISSING\)/);
  assert.match(text, /training_config\.yaml \(MISSING\)/);
});

Deno.test("AL43, AL44 describeModel() begins with the alias, if there is one, and the ID", () => {
  assert.match(describe(FULL), /^Model: mouse-v2 \(a3f5e8c9\)\n {2}Type /);
  assert.match(
    describe({ id: "a3f5e8c9" }),
    /^Model: a3f5e8c9\n {2}Status {2}unknown\n/,
  );
});

Deno.test("describeModel() indents further lines and keeps control characters away", () => {
  const text = describe({ ...FULL, error: "a\x1b[2J", "k\ney": 1 });
  assert.match(text, /Notes {5}first line\n {12}second line\n/);
  assert.ok(text.includes("a\\x1b[2J"));
  assert.ok(text.includes("k\\ney"));
});

Deno.test("describeModel() shows values of a type it does not expect as they are", () => {
  const metrics = { best_val_loss: "low", best_epoch: null };
  const metadata = { training_duration_seconds: "long" };
  const text = describe({ ...FULL, metrics, metadata });
  assert.match(text, /low \(best\)/);
  assert.match(text, /Duration +long/);
});

Deno.test("describeModel() has bold titles only where asked", () => {
  const coloured = describe(FULL, [], true);
  assert.ok(coloured.startsWith("\x1b[1mModel: mouse-v2 (a3f5e8c9)\x1b[0m\n"));
  assert.ok(!describe(FULL).includes("\x1b"));
});

Deno.test("describeModel() says what comes next for a training without supervisor", () => {
  const training = { ...FULL, status: "training", running: false } as const;
  const orphan = describeModel(located(training, false), { missingFiles: new Set() });
  assert.match(orphan, /^ {2}Next +the next `sleap-rtc train --local` in this registry ends /m);
  assert.match(orphan, /^ {2}running +false$/m);
  assert.doesNotMatch(describe(FULL), /Next/);
});

Deno.test("describeModel() does not say `running: false` of a training that is alive", () => {
  const text = describe({ id: "a3f5e8c9", status: "training", running: false });
  assert.match(text, /^ {2}Status +training$/m);
  assert.doesNotMatch(text, /running/);
});
