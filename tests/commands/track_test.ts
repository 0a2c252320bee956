import assert from "node:assert/strict";
import { EXIT } from "../../lib/errors.ts";
import { type CliResult, runCli } from "../support/cli.ts";
import { RoomWorld } from "../support/room_world.ts";
import { JobFolder } from "../../worker/job_folder.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import type { StandInScript } from "../support/stand_in.ts";
import { addTrainedModel } from "../support/trained_model.ts";

/** A machine with a top-down pair and a video. */
async function machine(script: StandInScript = {}): Promise<RoomWorld> {
  const room = await RoomWorld.create(script);
  const registry = await ModelRegistry.open(room.gpu(""));
  await addTrainedModel(registry, { id: "aaaa1111", model_type: "centroid" });
  await addTrainedModel(registry, { id: "bbbb2222", model_type: "centered_instance" });
  await registry.setAlias("aaaa1111", "mouse-v2");
  await Deno.writeTextFile(room.gpu("clip.mp4"), "frames");
  return room;
}

async function track(room: RoomWorld, ...args: string[]): Promise<CliResult> {
  return await runCli(["track", "--local", "--data-path", "clip.mp4", ...args], {
    cwd: room.gpu(""),
    env: { SLEAP_RTC_SLEAP_NN: room.trainer },
  });
}

Deno.test("AL45-AL47 track --local resolves an alias, shows the checkpoint, and predicts", async () => {
  await using room = await machine();
  const { code, stdout, stderr } = await track(room, "--model", "mouse-v2");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${room.gpu("clip.predictions.slp")}\n`);
  assert.match(stderr, /Resolved model: mouse-v2 \(aaaa1111\), centroid\n/);
  assert.match(stderr, /Resolved model: bbbb2222, centered_instance, which was trained together/);
  for (const folder of ["centroid_aaaa1111", "centered_instance_bbbb2222"]) {
    assert.ok(stderr.includes(`--model_paths ${room.gpu(`models/${folder}`)} `));
  }
  const record = JSON.parse(await Deno.readTextFile(room.gpu("clip.predictions.slp.json")));
  assert.deepEqual(
    record.models.map(({ model_id, alias }: Record<string, string>) => [model_id, alias]),
    [["aaaa1111", "mouse-v2"], ["bbbb2222", null]],
  );
});

Deno.test("an alias whose model is gone, and an ambiguous prefix, are not found: exit 3", async () => {
  await using room = await machine();
  const registry = await ModelRegistry.open(room.gpu(""));
  await addTrainedModel(registry, { id: "aaaa9999", model_type: "bottomup" });
  const ambiguous = await track(room, "--model", "aaaa");
  assert.equal(ambiguous.code, EXIT.notFound, ambiguous.stderr);
  assert.match(ambiguous.stderr, /ambiguous[^]*aaaa1111, aaaa9999/);
  const close = await track(room, "--model", "mouse-v3");
  assert.equal(close.code, EXIT.notFound, close.stderr);
  assert.match(close.stderr, /mouse-v2/, "did you mean");
  await registry.remove("aaaa1111");
  const gone = await track(room, "--model", "mouse-v2");
  assert.equal(gone.code, EXIT.notFound, gone.stderr);
  assert.deepEqual(await JobFolder.list(room.gpu("")), []);
});

Deno.test("two predictions into one place: one is there, the other is refused", async () => {
  await using room = await machine();
  const both = await Promise.all([
    track(room, "--model", "mouse-v2"),
    track(room, "--model", "mouse-v2"),
  ]);
  assert.deepEqual(both.map(({ code }) => code).sort()[0], 0, both[0].stderr);
  const refused = both.find(({ code }) => code !== 0);
  if (refused !== undefined) assert.match(refused.stderr, /it exists already/);
  const hidden = (await Array.fromAsync(Deno.readDir(room.gpu(""))))
    .filter(({ name }) => name.startsWith(".sleap-rtc-"));
  assert.deepEqual(hidden, []);
});

Deno.test("--checkpoint takes folders, without a registry", async () => {
  await using room = await machine();
  const models = ["centroid_aaaa1111", "centered_instance_bbbb2222"]
    .flatMap((name) => ["--checkpoint", room.gpu(`models/${name}`)]);
  await Deno.mkdir(room.laptop("empty"));
  await Deno.writeTextFile(room.laptop("empty/clip.mp4"), "frames");
  const { code, stderr } = await runCli(
    ["track", "--local", "--data-path", "clip.mp4", ...models, "-t", "--", "--max_tracks", "2"],
    { cwd: room.laptop("empty"), env: { SLEAP_RTC_SLEAP_NN: room.trainer } },
  );
  assert.equal(code, 0, stderr);
  assert.match(stderr, /--tracking --max_tracks 2\n/);
  assert.equal((await JobFolder.list(room.laptop("empty"))).length, 1);
});
