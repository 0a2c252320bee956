import assert from "node:assert/strict";
import { join } from "node:path";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { TrainerBed } from "./trainer_bed.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);
const LOGGED = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| (.*)$/;
const PORTS = { "trainer_config.zmq.publish_port": 1, "trainer_config.zmq.controller_port": 1 };

Deno.test("a training logs the recorded messages in the recorded order", async () => {
  await using bed = await TrainerBed.create();
  // Nothing listens on port 1, as when nobody watches: the messages are those of the recording.
  const { code, stdout } = await bed.train(PORTS);
  assert.equal(code, 0);
  const messages = stdout.flatMap((line) => LOGGED.exec(line)?.[1] ?? []);
  const recorded = await fixtureLines("recorded/train_ok.messages.txt");
  assert.deepEqual(
    messages.map((line) => withoutNumbers(line.replaceAll(bed.folder, "/abs"))),
    recorded.map(withoutNumbers),
  );
});

Deno.test("a training prints Lightning's recorded notes on stderr", async () => {
  await using bed = await TrainerBed.create();
  const { stderr } = await bed.train();
  const notes = stderr.map((line) => line.replaceAll(bed.folder, "/abs"));
  assert.deepEqual(notes, await fixtureLines("recorded/train_ok.stderr.txt"));
});

Deno.test("the files of a run appear in the recorded order", async () => {
  await using bed = await TrainerBed.create();
  const folder = bed.path("runs", "base");
  await Deno.mkdir(folder, { recursive: true });
  using watcher = Deno.watchFs(folder);
  await bed.train();
  await Deno.writeTextFile(join(folder, "end"), "");
  const names: string[] = [];
  for await (const { kind, paths: [path = ""] } of watcher) {
    const name = path.slice(folder.length + 1);
    if (name === "end") break;
    if (kind !== "access" && names.at(-1) !== name) names.push(name);
  }
  const recorded = await fixtureLines("recorded/train_ok.files.txt");
  // Which of an evaluation's two metrics files comes first is below the recording's resolution.
  const isCompared = (name: string) => !name.endsWith(".npz");
  assert.deepEqual(names.filter(isCompared), recorded.filter(isCompared));
});

Deno.test("the resolved configuration is the recorded one", async () => {
  await using bed = await TrainerBed.create();
  await bed.train({
    "trainer_config.zmq.publish_port": 9601,
    "trainer_config.zmq.controller_port": 9602,
  });
  const recorded = await fixture("recorded/training_config.yaml.txt");
  const expected = recorded
    .replaceAll("/abs/data/minimal_instance.pkg.slp", bed.path("labels.slp"))
    .replaceAll("/abs/runs", bed.path("runs"));
  assert.equal(await Deno.readTextFile(bed.path("runs", "base", "training_config.yaml")), expected);
  const initial = await Deno.readTextFile(bed.path("runs", "base", "initial_config.yaml"));
  assert.match(initial, /max_height: null/);
  assert.match(initial, /skeletons: null/);
});

for (
  const [recording, changes] of [
    ["centroid", {}],
    ["centered_instance", {
      "model_config.head_configs": {
        centered_instance: { confmaps: { part_names: ["head", "body", "tail"] } },
      },
      "trainer_config.max_epochs": 6,
    }],
  ] as const
) {
  Deno.test(`training_log.csv of ${recording} has the recorded shape`, async () => {
    await using bed = await TrainerBed.create();
    await bed.train(changes);
    const text = await Deno.readTextFile(bed.path("runs", "base", "training_log.csv"));
    assert.deepEqual(csvShape(text), csvShape(await fixture(`training_log/${recording}.csv`)));
  });
}

Deno.test("checkpoints begin like the recorded one and read as complete", async () => {
  await using bed = await TrainerBed.create();
  await bed.train();
  const path = bed.path("runs", "base", "best.ckpt");
  const head = (await Deno.readFile(path)).subarray(0, 256);
  assert.deepEqual(head, await Deno.readFile(new URL("best.ckpt.head.bin", FIXTURES)));
  const verdict = await readCheckpoint(path);
  assert.ok(verdict.ok);
  assert.deepEqual([verdict.epoch, verdict.globalStep], [2, 15]);
});

Deno.test("best.ckpt is of the lowest loss, last.ckpt of the last epoch", async () => {
  await using bed = await TrainerBed.create({ valLosses: [0.3, 0.1, null, 0.1, 0.2] });
  await bed.train({ "trainer_config.max_epochs": 5 });
  assert.equal(await epochOf(bed, "base", "best"), 1);
  assert.equal(await epochOf(bed, "base", "last"), 4);
  const rows = await csvRows(bed, "base");
  assert.deepEqual(rows.map((row) => row[2]?.slice(0, 5)), [
    "0.300",
    "0.100",
    "nan",
    "0.100",
    "0.200",
  ]);
});

Deno.test("without save_last there is no last.ckpt", async () => {
  await using bed = await TrainerBed.create();
  await bed.train({ "trainer_config.model_ckpt.save_last": undefined });
  await assert.rejects(Deno.stat(bed.path("runs", "base", "last.ckpt")), Deno.errors.NotFound);
});

Deno.test("without save_ckpt only labels and configurations are left", async () => {
  await using bed = await TrainerBed.create();
  const { code, stdout } = await bed.train({ "trainer_config.save_ckpt": undefined });
  assert.equal(code, 0);
  assert.ok(stdout.some((line) => line.includes("Finished training at:")));
  assert.deepEqual(await namesIn(bed.path("runs", "base")), [
    "initial_config.yaml",
    "labels_gt.train.0.slp",
    "labels_gt.val.0.slp",
    "training_config.yaml",
  ]);
});

Deno.test("a run folder with a best.ckpt is left alone, one without is used again", async () => {
  await using bed = await TrainerBed.create({ dieBySignalAt: { epoch: 0, signal: "SIGKILL" } });
  await bed.train();
  await bed.setScript({});
  await bed.train();
  assert.deepEqual(await namesIn(bed.path("runs")), ["base"]);
  const { code, stdout } = await bed.train();
  assert.equal(code, 0);
  assert.deepEqual(await namesIn(bed.path("runs")), ["base", "base-1"]);
  assert.ok(stdout.some((line) => line.endsWith("adding suffix to prevent overwriting.")));
  assert.ok(stdout.some((line) => line.includes(`dir: \`${bed.path("runs", "base-1")}\`...`)));
});

Deno.test("a resumed training goes on where an uninterrupted one would be", async () => {
  await using bed = await TrainerBed.create();
  const epochs = { "trainer_config.max_epochs": 5 };
  await bed.train({ ...epochs, "trainer_config.run_name": "whole" });
  await bed.train();
  const { code, stderr } = await bed.train({
    ...epochs,
    "trainer_config.run_name": "resumed",
    "trainer_config.resume_ckpt_path": bed.path("runs", "base", "last.ckpt"),
  });
  assert.equal(code, 0);
  assert.ok(stderr.some((line) => line.startsWith("Restored all states from the checkpoint at ")));
  const text = await Deno.readTextFile(bed.path("runs", "resumed", "training_log.csv"));
  assert.deepEqual(csvShape(text), csvShape(await fixture("training_log/resumed.csv")));
  const losses = (rows: string[][]) => rows.map((row) => row[2]);
  const whole = losses(await csvRows(bed, "whole"));
  assert.deepEqual(losses(await csvRows(bed, "resumed")), whole.slice(3));
  const verdict = await readCheckpoint(bed.path("runs", "resumed", "last.ckpt"));
  assert.ok(verdict.ok);
  assert.deepEqual([verdict.epoch, verdict.globalStep], [4, 25]);
});

Deno.test("a resumed training forgets the best loss of before", async () => {
  await using bed = await TrainerBed.create({ valLosses: [0.1, 0.2, 0.3, 0.9, 0.8] });
  await bed.train();
  await bed.train({
    "trainer_config.max_epochs": 5,
    "trainer_config.run_name": "resumed",
    "trainer_config.resume_ckpt_path": bed.path("runs", "base", "last.ckpt"),
  });
  assert.equal(await epochOf(bed, "base", "best"), 0);
  assert.equal(await epochOf(bed, "resumed", "best"), 4);
});

Deno.test("a plateau ends a training early and successfully", async () => {
  await using bed = await TrainerBed.create({ valLosses: [0.1, 0.2, 0.2, 0.2, 0.2] });
  const { code, stderr } = await bed.train({
    "trainer_config.max_epochs": 5,
    "trainer_config.early_stopping": { stop_training_on_plateau: true, patience: 2 },
  });
  assert.equal(code, 0);
  assert.equal((await csvRows(bed, "base")).length, 3);
  assert.ok(!stderr.some((line) => line.includes("`Trainer.fit` stopped")));
});

Deno.test("a run without a name gets one from time, model and frames", async () => {
  await using bed = await TrainerBed.create();
  await bed.train({ "trainer_config.run_name": undefined });
  const [name = ""] = await namesIn(bed.path("runs"));
  assert.match(name, /^\d{6}_\d{6}\.centroid\.n=2$/);
});

function fixture(name: string): Promise<string> {
  return Deno.readTextFile(new URL(name, FIXTURES));
}

async function fixtureLines(name: string): Promise<string[]> {
  return (await fixture(name)).replace(/\n$/, "").split("\n");
}

function withoutNumbers(line: string): string {
  return line.replace(/\d[\d.,]*/g, "N");
}

/** Header, line ends, epochs, and which cells are empty. */
function csvShape(text: string): unknown[] {
  assert.ok(text.endsWith("\r\n"));
  const [header, ...rows] = text.trimEnd().split("\r\n");
  return [
    header,
    ...rows.map((row) => {
      const [epoch, ...cells] = row.split(",");
      return [epoch, ...cells.map((cell) => cell === "")];
    }),
  ];
}

async function csvRows(bed: TrainerBed, run: string): Promise<string[][]> {
  const text = await Deno.readTextFile(bed.path("runs", run, "training_log.csv"));
  return text.trimEnd().split("\r\n").slice(1).map((row) => row.split(","));
}

async function epochOf(bed: TrainerBed, run: string, name: string): Promise<number | null> {
  const verdict = await readCheckpoint(bed.path("runs", run, `${name}.ckpt`));
  return verdict.ok ? verdict.epoch : null;
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) names.push(entry.name);
  return names.sort();
}
