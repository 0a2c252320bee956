/** A real training over a room that loses everything but its disk, and goes on from its checkpoint. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobEvent } from "../../lib/protocol/job_events.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { readCheckpoint } from "../../lib/sleap_nn/checkpoint_file.ts";
import { readTrainingLog } from "../../lib/sleap_nn/training_log.ts";
import { isAlive } from "../../worker/host/process_identity.ts";
import { readEvents } from "../../worker/job_events.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { engineForTests, makeDataset } from "../support/engine.ts";
import { RoomWorld } from "../support/room_world.ts";

const CONFIG = fileURLToPath(new URL("../../scripts/demo/single_instance.yaml", import.meta.url));
const EPOCHS = 8;
/** Trainers that share two cores get in each other's way with more. */
const ONE_THREAD = { env: { OMP_NUM_THREADS: "1" } };
const engine = await engineForTests();

Deno.test({
  name: "4.1.3, 2.2.4 client, worker, supervisor and trainer killed: a resume ends completed",
  ignore: engine === null,
  fn: async () => {
    if (engine === null) return;
    await using room = await RoomWorld.create({}, engine.sleapNn);
    const worker = await room.startWorker(ONE_THREAD);
    const data = await makeDataset(engine.python, room.laptop("data"), { animals: 1, frames: 20 });
    const client = room.start([
      ...["train", "--config", CONFIG, "--labels", data.labels, "--run-name", "torn"],
      ...["--max-epochs", `${EPOCHS}`],
    ]);
    const job = await checkpointOfEpoch(room.gpu(""), 1);
    const { supervisor, trainer } = await job.readState();
    if (supervisor === null || trainer === null) throw new Error("nothing runs");
    for (const pid of [client.pid, worker.pid, supervisor.pid, trainer.pid]) {
      Deno.kill(pid, "SIGKILL");
    }
    await Promise.all([client.ended, worker.stop("SIGKILL")]);

    const again = await room.startWorker(ONE_THREAD);
    const torn = await room.model();
    assert.equal(torn.status, "interrupted");
    assert.equal(torn.reason, "crash");
    assert.equal(await isAlive(trainer), false);
    const checkpoint = await readCheckpoint(room.gpu(torn.checkpoint_path ?? ""));
    assert.ok(checkpoint.ok && checkpoint.epoch === torn.checkpoint?.epoch);

    const resumed = await room.cli(["train", "--resume", torn.id.slice(0, 6), "--json"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const { epoch, sha256 } = torn.checkpoint;
    const proof = new RegExp(
      `resuming ${torn.id} after epoch ${(epoch ?? 0) + 1} of ${EPOCHS} ` +
        `\\(last\\.ckpt, sha256 ${String(sha256).slice(0, 8)}`,
    );
    assert.match(resumed.stderr, proof);
    const [model] = JSON.parse(resumed.stdout).models;
    assert.equal(model.id, torn.id);
    assert.equal(model.status, "completed");
    assert.equal(model.metrics.epochs_completed, EPOCHS);

    const curve = await epochsOf(room.gpu(""));
    assert.deepEqual(curve.map(({ epoch }) => epoch), [...Array(EPOCHS).keys()]);
    const losses = curve.map(({ valLoss }) => valLoss ?? Infinity);
    assert.equal(model.metrics.best_val_loss, Math.min(...losses));
    assert.equal(losses[model.metrics.best_epoch], model.metrics.best_val_loss);
    assert.equal(model.metrics.final_val_loss, losses.at(-1));
    const best = await readCheckpoint(room.gpu(model.checkpoint_path));
    assert.ok(best.ok && best.epoch === model.metrics.best_epoch);
    assert.match(model.checkpoint_path, /^models\/single_instance_[0-9a-f]{8}\/best\.ckpt$/);
    const last = await readCheckpoint(room.gpu(model.last_checkpoint_path));
    assert.ok(last.ok && last.epoch === EPOCHS - 1);

    const registry = await ModelRegistry.open(room.gpu(""), { create: false });
    assert.deepEqual(await registry.getInterrupted(), []);
    const { resumed: tries, recovered } = await registry.stats();
    assert.deepEqual([tries, recovered], [1, 1], "6.2.3");
    assert.equal((await again.stop()).code, 0);
  },
});

/** The only job, once a checkpoint of an epoch, or of a later one, is written down. */
async function checkpointOfEpoch(root: string, epoch: number): Promise<JobFolder> {
  const isIt = (event: JobEvent) =>
    event.type === "checkpoint" && event.kind === "last" && event.epoch >= epoch;
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [job] = await JobFolder.list(root);
    if (job !== undefined && (await readEvents(job.eventsPath)).some(isIt)) return job;
  }
}

/** Losses of all epochs, as the logs of the two attempts have them: the second takes over. */
async function epochsOf(root: string): Promise<{ epoch: number; valLoss: number | null }[]> {
  const models = await Array.fromAsync(Deno.readDir(join(root, "models")));
  const [name = ""] = models.map(({ name }) => name).filter((name) => !name.startsWith("."));
  const log = (...path: string[]) =>
    readTrainingLog(join(root, "models", name, ...path, "training_log.csv"));
  const second = await log("attempts", "attempt-2");
  const from = second[0]?.epoch ?? Infinity;
  return [...(await log()).filter(({ epoch }) => epoch < from), ...second];
}
