/** A real training whose client vanishes: it goes on, says so, is attached again and finished. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { engineForTests, makeDataset } from "../support/engine.ts";
import { RoomWorld } from "../support/room_world.ts";

const CONFIG = fileURLToPath(new URL("../../scripts/demo/single_instance.yaml", import.meta.url));
/** Trainers that share two cores get in each other's way with more. */
const ONE_THREAD = { env: { OMP_NUM_THREADS: "1" } };
const engine = await engineForTests();

Deno.test({
  name: "4.1.2, 2.2.1, 2.2.2 a killed client of a real training: interrupted, running, completed",
  ignore: engine === null,
  fn: async () => {
    if (engine === null) return;
    await using room = await RoomWorld.create({}, engine.sleapNn);
    await room.startWorker(ONE_THREAD);
    const data = await makeDataset(engine.python, room.laptop("data"), { animals: 1, frames: 20 });
    const client = room.start([
      ...["train", "--config", CONFIG, "--labels", data.labels, "--max-epochs", "1000"],
    ]);
    await entryOnce(room, ({ last_checkpoint_path }) => Boolean(last_checkpoint_path));
    client.kill("SIGKILL");
    await client.ended;

    const lost = await entryOnce(room, ({ status }) => status === "interrupted");
    assert.equal(lost.running, true);
    assert.equal(lost.reason, "connection lost");
    assert.ok(lost.checkpoint_path);
    const epoch = lost.last_epoch ?? 0;
    await entryOnce(room, ({ last_epoch }) => (last_epoch ?? 0) > epoch);

    const { jobId } = await room.job();
    const attached = room.start(["jobs", "attach", jobId, "--worker", "gpu1", "--json"]);
    await entryOnce(room, ({ status }) => status === "training");
    const finish = await room.cli(["jobs", "finish", jobId, "--worker", "gpu1"]);
    assert.equal(finish.code, 0, finish.stderr);
    const { code, stdout, stderr } = await attached.ended;
    assert.equal(code, 0, stderr);
    const [model] = JSON.parse(stdout).models;
    assert.equal(model.status, "completed");
    assert.equal(model.stopped_early, true);
    assert.deepEqual(
      model.history.map(({ status, running }: { status: string; running?: boolean }) =>
        running ? `${status}, running` : status
      ),
      ["interrupted, running", "training", "completed"],
    );
  },
});

/** The only model's entry, once it is so. */
async function entryOnce(
  room: RoomWorld,
  isSo: (entry: ModelEntry) => boolean,
): Promise<ModelEntry> {
  const registry = await ModelRegistry.open(room.gpu(""), { create: false });
  while (true) {
    const [entry] = await registry.list();
    if (entry !== undefined && isSo(entry)) return entry;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
