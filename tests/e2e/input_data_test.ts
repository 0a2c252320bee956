/** What the real sleap-io makes of videos and labels that are to be predicted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { NotFoundError, UsageError } from "../../lib/errors.ts";
import { runProgram } from "../../lib/run_program.ts";
import { type InputData, inspectData } from "../../lib/sleap_nn/input_data.ts";
import { labelsVideos } from "../../lib/sleap_nn/labels_videos.ts";
import { remapVideos } from "../../lib/sleap_nn/remap_videos.ts";
import { engineForTests, makeDataset, saveLinked, type TestEngine } from "../support/engine.ts";

const engine = await engineForTests();
const FRAMES = 6;

interface Bed {
  engine: TestEngine;
  folder: string;
  video: string;
  labels: string;
  inspect(path: string, pathMap?: Record<string, string>): Promise<InputData>;
}

async function withBed(fn: (bed: Bed) => Promise<void>): Promise<void> {
  if (engine === null) return;
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-e2e-" }));
  try {
    const { labels, video } = await makeDataset(engine.python, folder, {
      animals: 1,
      frames: FRAMES,
    });
    const inspect = (path: string, pathMap: Record<string, string> = {}) =>
      inspectData(engine.python, path, { pathMap, baseDir: folder });
    await fn({ engine, folder, video, labels, inspect });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function test(name: string, fn: (bed: Bed) => Promise<void>): void {
  Deno.test({ name, ignore: engine === null, fn: () => withBed(fn) });
}

test("inspectData() counts a video's frames", async ({ inspect, video }) => {
  assert.deepEqual(await inspect(video), {
    kind: "video",
    videos: [{ path: video, exists: true, frames: FRAMES }],
    frames: FRAMES,
    labeledFrames: 0,
    userLabeledFrames: 0,
    predictedFrames: 0,
    suggestedFrames: 0,
  });
});

test("inspectData() needs no file for images that are embedded", async ({ inspect, labels }) => {
  const { kind, videos, labeledFrames, userLabeledFrames, predictedFrames } = await inspect(labels);
  assert.equal(kind, "labels");
  assert.equal(videos.length, 1);
  assert.equal(videos[0]?.path, labels);
  assert.equal(videos[0]?.exists, true);
  assert.ok(labeledFrames > 0);
  assert.equal(userLabeledFrames, labeledFrames);
  assert.equal(predictedFrames, 0);
});

test("inspectData() refuses what cannot be read or is empty", async ({ inspect, folder }) => {
  const refused: [string, string | Uint8Array][] = [
    ["empty.mp4", ""],
    ["text.mp4", "no video"],
    ["cut.mp4", (await Deno.readFile(join(folder, "demo.mp4"))).subarray(0, 2_000)],
    ["notes.txt", "no video"],
    ["empty.slp", ""],
    ["text.slp", "no HDF5"],
  ];
  for (const [name, content] of refused) {
    const path = join(folder, name);
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    await assert.rejects(inspect(path), (error) => {
      assert.ok(error instanceof UsageError, `${name}: ${error}`);
      assert.match(error.message, /^Cannot read (?:video|labels) ".*": \S|has no frames$/, name);
      return true;
    });
  }
  await assert.rejects(inspect(join(folder, "gone.mp4")), NotFoundError);
});

test("inspectData() refuses labels without frames", async ({ engine, inspect, folder }) => {
  const path = join(folder, "none.slp");
  const script = "import sys, sleap_io as sio; sio.save_slp(sio.Labels(), sys.argv[1])";
  await runProgram(engine.python, ["-c", script, path]);
  await assert.rejects(inspect(path), /has no labeled and no suggested frames$/);
});

test("videos of another machine are missing, and found by a path map", async (bed) => {
  const { engine, folder, inspect, labels, video } = bed;
  const linked = join(folder, "sub", "linked.slp");
  await Deno.mkdir(join(folder, "sub"));
  for (const name of ["/elsewhere/day 1/demo.mp4", "C:/Users/ann/day 1/demo.mp4"]) {
    await saveLinked(engine, labels, linked, name);
    const missing = await inspect(linked);
    assert.deepEqual(missing.videos.map(({ exists }) => exists), [false]);
    assert.equal(missing.videos[0]?.path, name);
    const pathMap = { "/elsewhere": "/wrong", "/elsewhere/day 1/": folder };
    const windows = { "C:\\Users\\ann\\day 1": `${folder}/` };
    const found = await inspect(linked, { ...pathMap, ...windows });
    assert.deepEqual(found.videos, [{ path: video, exists: true, frames: FRAMES }]);
    const copy = join(folder, "copy.slp");
    const isCopied = await remapVideos(engine.python, linked, copy, { ...pathMap, ...windows });
    assert.equal(isCopied, true);
    assert.deepEqual((await labelsVideos(engine.python, copy)).videos, [video]);
    const { labeledFrames } = await inspect(copy);
    assert.equal(labeledFrames, found.labeledFrames);
  }
});

test("a video beside the labels is found as sleap-io finds it", async (bed) => {
  const { engine, folder, inspect, labels, video } = bed;
  const linked = join(folder, "linked.slp");
  await saveLinked(engine, labels, linked, "/elsewhere/demo.mp4");
  assert.deepEqual((await inspect(linked)).videos, [{ path: video, exists: true, frames: FRAMES }]);
  await Deno.writeTextFile(video, "no video");
  await assert.rejects(inspect(linked), /^UsageError: Video ".*demo.mp4" has no frames$/);
});

test("remapVideos() copies no labels whose images are embedded", async (bed) => {
  const { engine, folder, labels } = bed;
  const copy = join(folder, "copy.pkg.slp");
  assert.equal(await remapVideos(engine.python, labels, copy, { "/elsewhere": "/x" }), false);
  await assert.rejects(remapVideos(engine.python, join(folder, "gone"), copy, {}), /gone/);
  await assert.rejects(Deno.stat(copy), Deno.errors.NotFound);
});
