import assert from "node:assert/strict";
import type { Point, StandInScript } from "../stand_in.ts";
import { type RunningTrainer, TrainerBed } from "../trainer_bed.ts";

const NEVER = "/nonexistent/never";

Deno.test("SIGTERM while training: exit 0 after the batch, nothing of the epoch is kept", async () => {
  await using bed = await TrainerBed.create();
  const { code, signal, stdout, stderr } = await stoppedAt(bed, { epoch: 1, batch: 2 }, "SIGTERM");
  assert.deepEqual([code, signal], [0, null]);
  assert.equal(stderr.at(-1), "[rank: 0] Received SIGTERM: 15");
  assert.match(stdout.at(-1) ?? "", / \| Finished training loop\. \[0\.0 min\]$/);
  assert.ok(!stdout.some((line) => line.includes("Finished training at:")));
  assert.equal(await epochs(bed), 1);
});

for (const stage of ["start", "evaluation", "exit"] as const) {
  Deno.test(`SIGTERM at ${stage} kills`, async () => {
    await using bed = await TrainerBed.create();
    const { signal } = await stoppedAt(bed, { stage }, "SIGTERM");
    assert.equal(signal, "SIGTERM");
  });
}

Deno.test("a second SIGTERM while the interpreter ends kills", async () => {
  await using bed = await TrainerBed.create();
  const trainer = await reach(bed, { epoch: 0 }, { exitDelayMs: 600_000 });
  trainer.kill("SIGTERM");
  await trainer.prints("Finished training loop");
  trainer.kill("SIGTERM");
  assert.equal((await trainer.ended).signal, "SIGTERM");
});

Deno.test("SIGINT while training: exit 1, the run folder stays", async () => {
  await using bed = await TrainerBed.create();
  const { code, stdout, stderr } = await stoppedAt(bed, { epoch: 1 }, "SIGINT");
  assert.equal(code, 1);
  const end = ["", "Detected KeyboardInterrupt, attempting graceful shutdown ..."];
  assert.deepEqual(stderr.slice(-2), end);
  assert.match(stdout.at(-1) ?? "", / \| Finished training loop\. \[0\.0 min\]$/);
  assert.equal(await epochs(bed), 1);
});

for (const stage of ["start", "evaluation"] as const) {
  Deno.test(`SIGINT at ${stage}: Aborted, exit 1`, async () => {
    await using bed = await TrainerBed.create();
    const { code, stderr } = await stoppedAt(bed, { stage }, "SIGINT");
    assert.equal(code, 1);
    assert.deepEqual(stderr.slice(-2), ["", "Aborted."]);
  });
}

Deno.test("a second SIGINT while the interpreter ends kills", async () => {
  await using bed = await TrainerBed.create();
  const trainer = await reach(bed, { epoch: 0 }, { exitDelayMs: 600_000 });
  trainer.kill("SIGINT");
  await trainer.prints("Finished training loop");
  trainer.kill("SIGINT");
  assert.equal((await trainer.ended).signal, "SIGINT");
});

Deno.test("a hanging trainer notes every SIGTERM and stays until SIGKILL", async () => {
  await using bed = await TrainerBed.create();
  const script: StandInScript = { hangAt: { epoch: 1 }, waitForFileAt: [] };
  const trainer = await reach(bed, { epoch: 1 }, script);
  trainer.kill("SIGTERM");
  await trainer.prints("Received SIGTERM");
  trainer.kill("SIGTERM");
  await trainer.prints("Received SIGTERM", 2);
  trainer.kill("SIGKILL");
  assert.equal((await trainer.ended).signal, "SIGKILL");
  assert.equal(await epochs(bed), 1);
});

Deno.test("a trainer that ignores SIGTERM trains on", async () => {
  await using bed = await TrainerBed.create();
  const there = bed.path("there");
  const trainer = await reach(bed, { epoch: 0 }, {
    ignoreSigterm: true,
    waitForFileAt: { epoch: 0, file: there },
  });
  trainer.kill("SIGTERM");
  await Deno.writeTextFile(there, "");
  assert.equal((await trainer.ended).code, 0);
  assert.equal(await epochs(bed), 3);
});

for (const name of ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGABRT"] as const) {
  Deno.test(`the script can let it die by ${name}`, async () => {
    await using bed = await TrainerBed.create({ dieBySignalAt: { epoch: 1, signal: name } });
    assert.equal((await bed.train()).signal, name);
    assert.equal(await epochs(bed), 1);
  });
}

Deno.test("a kill between log row and checkpoint leaves the row without its checkpoint", async () => {
  await using bed = await TrainerBed.create({
    dieBySignalAt: { stage: "save", epoch: 0, signal: "SIGKILL" },
  });
  await bed.train();
  assert.equal(await epochs(bed), 1);
  await assert.rejects(Deno.stat(bed.path("runs", "base", "best.ckpt")), Deno.errors.NotFound);
});

Deno.test("a loader process outlives a SIGKILL in the trainer's process group", async () => {
  await using bed = await TrainerBed.create({
    spawnLoaderProcess: true,
    dieBySignalAt: { epoch: 1, signal: "SIGKILL" },
  });
  const trainer = bed.start(["train", await bed.configure()]);
  assert.equal((await trainer.status).signal, "SIGKILL");
  Deno.kill(-trainer.pid, "SIGKILL");
  await trainer.ended;
});

Deno.test("a loader process ends with a trainer that ends in good order", async () => {
  await using bed = await TrainerBed.create({ spawnLoaderProcess: true });
  const trainer = bed.start(["train", await bed.configure()]);
  assert.equal((await trainer.ended).code, 0);
  assert.throws(() => Deno.kill(-trainer.pid, 0), Deno.errors.NotFound);
});

async function stoppedAt(bed: TrainerBed, point: Point, signal: Deno.Signal) {
  const trainer = await reach(bed, point, { waitForFileAt: { ...point, file: NEVER } });
  trainer.kill(signal);
  return await trainer.ended;
}

/** Start a trainer and wait until it is at a point (where it has to be held by the script). */
async function reach(
  bed: TrainerBed,
  point: Point,
  script: StandInScript,
): Promise<RunningTrainer> {
  const here = bed.path("here");
  const held: StandInScript = { waitForFileAt: { ...point, file: NEVER }, ...script };
  await bed.setScript({ ...held, touchFileAt: { ...point, file: here } });
  const trainer = bed.start(["train", await bed.configure()]);
  await bed.appears(here);
  return trainer;
}

async function epochs(bed: TrainerBed): Promise<number> {
  const text = await Deno.readTextFile(bed.path("runs", "base", "training_log.csv"));
  return text.trimEnd().split("\r\n").length - 1;
}
