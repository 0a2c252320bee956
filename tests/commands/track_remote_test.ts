import assert from "node:assert/strict";
import { EXIT } from "../../lib/errors.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { RoomWorld } from "../support/room_world.ts";
import type { StandInScript } from "../support/stand_in.ts";
import { addTrainedModel } from "../support/trained_model.ts";
import { fileExists } from "../support/training.ts";

const MODEL = "cccc3333";
const OUT = "clip.predictions.slp";

/** A worker with a model, and a laptop with a video. */
async function roomWithModel(script: StandInScript = {}): Promise<RoomWorld> {
  const room = await RoomWorld.create(script);
  await addTrainedModel(await ModelRegistry.open(room.gpu("")), {
    id: MODEL,
    model_type: "bottomup",
  });
  await Deno.writeTextFile(room.laptop("clip.mp4"), "frames");
  await room.startWorker();
  return room;
}

function track(room: RoomWorld, ...args: string[]) {
  return room.cli(["track", "--data-path", "clip.mp4", ...args]);
}

async function jobsOf(room: RoomWorld): Promise<JobFolder[]> {
  return await JobFolder.list(room.gpu(""));
}

async function isOnLaptop(room: RoomWorld, name = OUT): Promise<boolean> {
  return await Deno.lstat(room.laptop(name)).then(() => true, () => false);
}

Deno.test("3.3.1-3.3.3 track --model predicts where the model is, and fetches what came out", async () => {
  await using room = await roomWithModel();
  const { code, stdout, stderr } = await track(room, "--model", MODEL.slice(0, 4));
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${room.laptop(OUT)}\n`);
  assert.match(stderr, new RegExp(`Resolved model: ${MODEL}, bottomup\n`));
  const folder = room.gpu(`models/bottomup_${MODEL}`);
  assert.ok(stderr.includes(`  ${folder}/best.ckpt\n`), "the checkpoint");
  assert.ok(stderr.includes(`--model_paths ${folder} `), "the command");
  assert.match(stderr, /uploaded clip\.mp4\n[^]*frames 10 of 10/);
  const record = JSON.parse(await Deno.readTextFile(room.laptop(`${OUT}.json`)));
  assert.equal(record.models[0].model_id, MODEL);
  assert.equal(record.models[0].sha256, await sha256File(`${folder}/best.ckpt`));
  assert.equal(record.output.sha256, await sha256File(room.laptop(OUT)));
});

Deno.test("track --json prints one document, and does not send the same video twice", async () => {
  await using room = await roomWithModel();
  const first = await track(room, "--model", MODEL, "--json");
  const { job_id, ...rest } = JSON.parse(first.stdout);
  assert.match(job_id, /^job_[0-9a-f]{8}$/);
  assert.deepEqual(rest, { status: "succeeded", output: room.laptop(OUT), models: [MODEL] });
  const uploads = await Array.fromAsync(Deno.readDir(room.gpu("uploads")));
  const again = await track(room, "--model", MODEL, "--force");
  assert.equal(again.code, 0, again.stderr);
  const after = await Array.fromAsync(Deno.readDir(room.gpu("uploads")));
  assert.deepEqual(after.map(({ name }) => name), uploads.map(({ name }) => name));
});

Deno.test("3.3.4 models are checked before anything is sent: exit 3, 7 and 2", async () => {
  await using room = await roomWithModel();
  const registry = await ModelRegistry.open(room.gpu(""));
  const checkpoint = room.gpu(`models/bottomup_${MODEL}/best.ckpt`);
  const weights = await Deno.readTextFile(checkpoint);
  const refused = async (name: string, exit: number, said: RegExp) => {
    const { code, stderr } = await track(room, "--model", name);
    assert.equal(code, exit, stderr);
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /uploaded/);
    assert.deepEqual(await jobsOf(room), []);
    assert.equal(await isOnLaptop(room), false);
  };
  await refused("cccc3334", EXIT.notFound, /has a model "cccc3334"|No model "cccc3334"/);
  await Deno.writeTextFile(checkpoint, "others");
  await refused(MODEL, EXIT.conflict, /was changed since it was recorded/);
  await Deno.remove(checkpoint);
  await refused(MODEL, EXIT.notFound, /checkpoint of model cccc3333 is gone/);
  await Deno.writeTextFile(checkpoint, weights);
  await registry.update(MODEL, (entry) => ({ ...entry, status: "interrupted" }));
  await refused(MODEL, EXIT.usage, /is interrupted[^]*--allow-interrupted/);
  const anyway = await track(room, "--model", MODEL, "--allow-interrupted");
  assert.equal(anyway.code, 0, anyway.stderr);
});

Deno.test("an output that exists is refused before the worker is asked for anything", async () => {
  await using room = await roomWithModel();
  await Deno.writeTextFile(room.laptop(OUT), "mine");
  const { code, stderr } = await track(room, "--model", MODEL);
  assert.equal(code, EXIT.conflict, stderr);
  assert.equal(await Deno.readTextFile(room.laptop(OUT)), "mine");
  assert.deepEqual(await jobsOf(room), []);
});

Deno.test("sleap-nn that fails half-way: exit 6 with its own error, nothing half-written", async () => {
  await using room = await roomWithModel({ failAt: { stage: "half" } });
  const { code, stdout, stderr } = await track(room, "--model", MODEL);
  assert.equal(code, EXIT.jobNotSucceeded, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /error: Job job_\w+ failed: .*RuntimeError/);
  assert.match(stderr, /hint: .*jobs logs/);
  const [job] = await jobsOf(room);
  assert.ok(job);
  for (const folder of [job.path, room.laptop("")]) {
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assert.deepEqual(names.filter((name) => name.includes("predictions")), []);
  }
});

Deno.test("a client that is killed in the middle: the job goes on, jobs attach fetches it", async () => {
  await using room = await RoomWorld.create();
  const [reached, go] = [`${room.folder}/reached`, `${room.folder}/go`];
  await room.setScript({
    touchFileAt: { stage: "frames", batch: 1, file: reached },
    waitForFileAt: { stage: "frames", batch: 1, file: go },
  });
  await addTrainedModel(await ModelRegistry.open(room.gpu("")), {
    id: MODEL,
    model_type: "bottomup",
  });
  await Deno.writeTextFile(room.laptop("clip.mp4"), "frames");
  await room.startWorker();
  const client = room.start(["track", "--data-path", "clip.mp4", "--model", MODEL]);
  await fileExists(reached);
  client.kill("SIGKILL");
  await client.ended;
  await Deno.writeTextFile(go, "");
  const [job] = await jobsOf(room);
  assert.ok(job);
  assert.equal(await isOnLaptop(room), false);
  const look = ["--worker", "gpu1", "--output", "fetched.slp"];
  const { code, stdout, stderr } = await room.cli(["jobs", "attach", job.jobId, ...look]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${room.laptop("fetched.slp")}\n`);
  const { output } = JSON.parse(await Deno.readTextFile(room.laptop("fetched.slp.json")));
  assert.equal(output.sha256, await sha256File(room.laptop("fetched.slp")));
});

Deno.test("track --detach prints the job's ID; its predictions wait on the worker", async () => {
  await using room = await roomWithModel();
  const { code, stdout, stderr } = await track(room, "--model", MODEL, "--detach");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^job_[0-9a-f]{8}\n$/);
  const named = await track(room, "--model", MODEL, "--detach", "-o", "x.slp");
  assert.equal(named.code, EXIT.usage, named.stderr);
  const attached = await room.cli(["jobs", "attach", stdout.trim(), "--worker", "gpu1", "--json"]);
  assert.equal(attached.code, 0, attached.stderr);
  assert.equal(JSON.parse(attached.stdout).output, room.laptop(OUT));
});
