import assert from "node:assert/strict";
import { makeLabels, type StandInScript } from "../stand_in.ts";
import { type ConfigChanges, type EndedRun, TrainerBed } from "../trainer_bed.ts";

/** A failure that was recorded from the real trainer. */
interface Recorded {
  case: string;
  exit: number;
  /** Last lines of stdout, then of stderr. */
  log: string[];
}

type Run = (bed: TrainerBed) => Promise<EndedRun>;

const RUNS: Record<string, Run> = {
  train_missing_labels: (bed) => trainOn(bed, "none.slp"),
  train_labels_not_hdf5: async (bed) => {
    await Deno.writeTextFile(bed.path("text.slp"), "no HDF5");
    return await trainOn(bed, "text.slp");
  },
  train_bad_yaml: async (bed) => {
    const text = "name: bad\ndata_config: [1, 2\ntrainer_config: 3\n";
    await Deno.writeTextFile(bed.path("bad.yaml"), text);
    return await bed.start(["train", "bad.yaml"]).ended;
  },
  train_unknown_key: (bed) => bed.train({ "trainer_config.frobnicate": 3 }),
  train_bad_type: (bed) => bed.train({ "trainer_config.max_epochs": "many" }),
  train_two_heads: (bed) =>
    bed.train({ "model_config.head_configs.single_instance": { confmaps: {} } }),
  train_gpu_on_cpu_machine: (bed) => bed.train({ "trainer_config.trainer_accelerator": "gpu" }),
  train_missing_config: (bed) => bed.start(["train", "--config", bed.path("none.yaml")]).ended,
  train_yml_extension: async (bed) =>
    await bed.start(["train", await bed.configure({}, "e_yml.yml")]).ended,
  train_override_absent_key: async (bed) => {
    const override = "trainer_config.profiler=simple";
    return await bed.start(["train", await bed.configure(), override]).ended;
  },
  train_usage_error: (bed) => bed.start(["train", "--nope"]).ended,
  train_ckpt_dir_unusable: (bed) =>
    bed.train({
      "trainer_config.ckpt_dir": "/proc/nope",
      "trainer_config.run_name": "e_robadckdir",
    }),
  train_disk_full_run_dir: (bed) => scripted(bed, { diskFullAtSave: { where: "run" } }),
  train_disk_full_tmpdir: (bed) => scripted(bed, { diskFullAtSave: true }),
  resume_missing: (bed) => resumeFrom(bed, bed.path("none.ckpt")),
  resume_truncated: async (bed) => {
    const whole = await Deno.readFile(await trainedCheckpoint(bed));
    await Deno.writeFile(bed.path("half.ckpt"), whole.subarray(0, whole.length / 2));
    return await resumeFrom(bed, bed.path("half.ckpt"));
  },
  resume_empty: async (bed) => {
    await Deno.writeTextFile(bed.path("empty.ckpt"), "");
    return await resumeFrom(bed, bed.path("empty.ckpt"));
  },
  resume_garbage: async (bed) => {
    await Deno.writeTextFile(bed.path("garbage.ckpt"), "hello");
    return await resumeFrom(bed, bed.path("garbage.ckpt"));
  },
  resume_other_model_type: async (bed) => {
    const head = { "model_config.head_configs": { centered_instance: { confmaps: {} } } };
    return await resumeFrom(bed, await trainedCheckpoint(bed), head);
  },
  resume_already_done: async (bed) => await resumeFrom(bed, await trainedCheckpoint(bed)),
};

for (const recorded of await recordedFailures()) {
  const run = RUNS[recorded.case];
  if (run === undefined) continue;
  Deno.test(`ends as recorded: ${recorded.case}`, async () => {
    await using bed = await TrainerBed.create();
    const ended = await run(bed);
    assert.equal(ended.code, recorded.exit);
    assertEndsLike(ended, recorded.log);
  });
}

Deno.test("every failure above was recorded", async () => {
  const names = new Set((await recordedFailures()).map((recorded) => recorded.case));
  assert.deepEqual(Object.keys(RUNS).filter((name) => !names.has(name)), []);
});

Deno.test("train without a configuration prints help and exits with 0", async () => {
  await using bed = await TrainerBed.create();
  const { code, stdout } = await bed.start(["train"]).ended;
  assert.equal(code, 0);
  assert.ok(stdout.some((line) => line.includes("Usage: sleap-nn train")));
});

Deno.test("a failed resume leaves the new run folder with its configurations", async () => {
  await using bed = await TrainerBed.create();
  await resumeFrom(bed, bed.path("none.ckpt"));
  assert.ok((await Deno.stat(bed.path("runs", "resumed", "training_config.yaml"))).isFile);
  await assert.rejects(Deno.stat(bed.path("runs", "resumed", "best.ckpt")), Deno.errors.NotFound);
});

Deno.test("a resume with nothing left to train says Finished before it fails", async () => {
  await using bed = await TrainerBed.create();
  const { stdout } = await resumeFrom(bed, await trainedCheckpoint(bed));
  assert.ok(stdout.some((line) => line.includes("Finished training at:")));
});

Deno.test("a full disk under the run folder leaves best.ckpt truncated", async () => {
  await using bed = await TrainerBed.create();
  const whole = await Deno.readFile(await trainedCheckpoint(bed));
  await scripted(bed, { diskFullAtSave: { epoch: 0, where: "run" } }, "full");
  const cut = await Deno.readFile(bed.path("runs", "full", "best.ckpt"));
  assert.ok(cut.length > 0 && cut.length < whole.length);
});

Deno.test("a really full disk ends the training like the recorded one", async () => {
  await using bed = await TrainerBed.create();
  await Deno.mkdir(bed.path("runs", "base"), { recursive: true });
  await Deno.symlink("/dev/full", bed.path("runs", "base", "training_log.csv"));
  const { code, stderr } = await bed.train();
  assert.equal(code, 1);
  assert.equal(stderr.at(-1), "OSError: [Errno 28] No space left on device");
});

async function recordedFailures(): Promise<Recorded[]> {
  const url = new URL("../../fixtures/trainer_failures.jsonl", import.meta.url);
  const lines = (await Deno.readTextFile(url)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

async function trainOn(bed: TrainerBed, labels: string): Promise<EndedRun> {
  const paths = [bed.path("labels.slp"), bed.path(labels)];
  makeLabels(bed.path("labels.slp"));
  return await bed.train({ "data_config.train_labels_path": paths.reverse() });
}

async function scripted(bed: TrainerBed, script: StandInScript, run = "base"): Promise<EndedRun> {
  await bed.setScript(script);
  return await bed.train({ "trainer_config.run_name": run });
}

async function trainedCheckpoint(bed: TrainerBed): Promise<string> {
  await bed.train();
  return bed.path("runs", "base", "last.ckpt");
}

function resumeFrom(
  bed: TrainerBed,
  path: string,
  changes: ConfigChanges = {},
): Promise<EndedRun> {
  return bed.train({
    ...changes,
    "trainer_config.run_name": "resumed",
    "trainer_config.resume_ckpt_path": path,
  });
}

/** The recorded lines are the last ones of stdout, then the last ones of stderr. */
function assertEndsLike(ended: EndedRun, log: readonly string[]): void {
  const expected = log.map(comparable);
  const stderr = ended.stderr.map(comparable);
  const stdout = ended.stdout.map(comparable);
  const split = expected.findIndex((_, index) =>
    endsWith(stdout, expected.slice(0, index)) && endsWith(stderr, expected.slice(index))
  );
  assert.notEqual(split, -1, [...stdout.slice(-8), "---", ...stderr.slice(-8)].join("\n"));
}

function endsWith(lines: readonly string[], end: readonly string[]): boolean {
  const offset = lines.length - end.length;
  return end.every((line, index) => lines[offset + index] === line);
}

/** Without numbers, paths, the names of a network's weights, and padding. */
function comparable(line: string): string {
  return line
    .replace(/^(\t\w+ key\(s\) in state_dict: ).*/, "$1")
    .replace(/(?<![\w>])\/[\w./-]+|<tmp>/g, "PATH")
    .replace(/\d[\d.]*/g, "N")
    .trimEnd();
}
