/** A real top-down pair, named by alias, ID and prefix, predicts over a room and on its machine. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { sha256File } from "../../lib/files/hash.ts";
import { runProgram } from "../../lib/run_program.ts";
import { runCli } from "../support/cli.ts";
import { engineForTests, makeDataset, type TestEngine } from "../support/engine.ts";
import { RoomWorld } from "../support/room_world.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo/", import.meta.url));
const ALIAS = "mice-v1";
/** Prints frame, points and scores of every instance, as JSON. */
const READ_PREDICTIONS = `
import json, sys
import numpy as np, sleap_io as sio
labels = sio.load_slp(sys.argv[1], open_videos=False)
print(json.dumps([
    [frame.frame_idx, [
        [np.nan_to_num(one.numpy(), nan=-1).round(4).tolist(), round(float(one.score), 5)]
        for one in frame.instances
    ]]
    for frame in labels
]))
`;
const engine = await engineForTests();

Deno.test({
  name: "4.2.3 a pair predicts by alias, ID and prefix, remotely and with --local: the same",
  ignore: engine === null,
  fn: async () => {
    if (engine === null) return;
    await using room = await RoomWorld.create({}, engine.sleapNn);
    await room.startWorker({ env: { OMP_NUM_THREADS: "1" } });
    const data = await makeDataset(engine.python, room.laptop("data"), { animals: 2, frames: 20 });
    const ids = await trainPair(room, data.labels, data.valLabels);
    const [centroid, centered] = ids;

    const byAlias = await track(room, ["--model", ALIAS, "-o", "alias.slp"]);
    assert.deepEqual(byAlias.models, ids, "the partner is found by itself");
    assert.match(byAlias.stderr, new RegExp(`Resolved model: ${ALIAS} \\(${centroid}\\)`));
    assert.match(byAlias.stderr, /frames 20 of 20/);
    const found = await predictionsIn(engine, room.laptop("alias.slp"));
    assert.equal(found.length, 20);
    assert.ok(found.flatMap(([, instances]) => instances).length >= 20, "animals are found");
    const record = JSON.parse(await Deno.readTextFile(room.laptop("alias.slp.json")));
    assert.deepEqual(record.models.map(({ model_id }: { model_id: string }) => model_id), ids);
    assert.equal(record.output.sha256, await sha256File(room.laptop("alias.slp")));

    await track(room, ["--model", centroid, "--model", centered, "-o", "id.slp"]);
    const byPrefix = ["--model", centered.slice(0, 6), "-o", "prefix.slp"];
    assert.deepEqual((await track(room, byPrefix)).models, [centered, centroid]);
    const local = await runCli([
      ...["track", "--local", "--json", "--model", ALIAS],
      ...["--data-path", data.video, "-o", "local.slp"],
    ], {
      cwd: room.gpu(""),
      env: { SLEAP_RTC_SLEAP_NN: engine.sleapNn, OMP_NUM_THREADS: "1" },
    });
    assert.equal(local.code, 0, local.stderr);
    assert.deepEqual(JSON.parse(local.stdout).models, ids);
    assert.equal(JSON.parse(local.stdout).output, room.gpu("local.slp"));
    for (const path of [room.laptop("id.slp"), room.laptop("prefix.slp"), room.gpu("local.slp")]) {
      assert.deepEqual(await predictionsIn(engine, path), found, path);
    }
  },
});

async function trainPair(
  room: RoomWorld,
  labels: string,
  valLabels: string,
): Promise<[centroid: string, centered: string]> {
  const { code, stdout, stderr } = await room.cli([
    ...["train", "-c", `${DEMO}centroid.yaml`, "-c", `${DEMO}centered_instance.yaml`],
    ...["--labels", labels, "--val-labels", valLabels, "--alias", ALIAS, "--json"],
  ]);
  assert.equal(code, 0, stderr);
  const [centroid, centered] = JSON.parse(stdout).models;
  assert.equal(centroid.alias, ALIAS);
  return [centroid.id, centered.id];
}

async function track(
  room: RoomWorld,
  args: string[],
): Promise<{ models: string[]; stderr: string }> {
  const { code, stdout, stderr } = await room.cli([
    ...["track", "--data-path", "data/demo.mp4", "--json"],
    ...args,
  ]);
  assert.equal(code, 0, stderr);
  const { status, output, models } = JSON.parse(stdout);
  assert.equal(status, "succeeded");
  assert.equal(output, room.laptop(args.at(-1) ?? ""));
  return { models, stderr };
}

type Predictions = [frame: number, instances: [points: number[][], score: number][]][];

async function predictionsIn({ python }: TestEngine, path: string): Promise<Predictions> {
  const { code, stdout, stderr } = await runProgram(python, ["-c", READ_PREDICTIONS, path]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
