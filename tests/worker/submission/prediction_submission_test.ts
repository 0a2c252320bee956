import assert from "node:assert/strict";
import { join } from "node:path";
import { EXIT } from "../../../lib/errors.ts";
import { SubmissionBed } from "../../support/submission.ts";
import { configText } from "../../support/training.ts";
import { addTrainedModel } from "../../support/trained_model.ts";

const VIDEO = { models: ["cccc3333"] };

async function bedWithModel(): Promise<SubmissionBed> {
  const bed = await SubmissionBed.create();
  await addTrainedModel(await bed.registry(), { id: "cccc3333", model_type: "bottomup" });
  return bed;
}

Deno.test("predictions that are asked for become a job with predictions in its own folder", async () => {
  await using bed = await bedWithModel();
  const clip = await bed.upload("clip.mp4", "frames");
  const { spec } = await bed.predictions({
    ...VIDEO,
    data_path: clip,
    frame_filter: null,
    tracking: true,
    only_suggested_frames: false,
    frames: "0-5",
    idempotency_key: "0123456789",
  });
  assert.equal(spec.type, "track");
  if (spec.type !== "track") return;
  assert.equal(spec.data_path, clip);
  assert.equal(spec.output_path, join(bed.root, "jobs", spec.job_id, "predictions.slp"));
  assert.deepEqual(spec.options, { tracking: true, frames: "0-5" });
  assert.deepEqual(spec.predictors.map(({ model_id }) => model_id), ["cccc3333"]);
  assert.equal(spec.overwrite, false);
});

Deno.test("Python's spelling of which frames are meant is understood", async () => {
  await using bed = await bedWithModel();
  bed.data = { ...bed.data, kind: "labels", labeledFrames: 3, suggestedFrames: 2 };
  const labels = await bed.upload("mice.pkg.slp", await Deno.readFile(bed.labels));
  const asked = { ...VIDEO, data_path: labels, frame_filter: "suggested", video_index: 0 };
  const { spec } = await bed.predictions(asked);
  assert.deepEqual(spec.type === "track" && spec.options, {
    only_suggested_frames: true,
    video_index: 0,
  });
});

Deno.test("what is no prediction, or lies outside, is refused", async () => {
  await using bed = await bedWithModel();
  const data_path = await bed.upload("clip.mp4", "frames");
  const asked = { ...VIDEO, data_path };
  const usage = [
    { ...asked, data_path: bed.path("outside/mice.pkg.slp") },
    { ...asked, data_path: 7 },
    { ...asked, frames: "all" },
    { ...asked, peak_threshold: 2 },
    { ...asked, extra: ["--output_path", "/etc/passwd"] },
    { ...asked, model_paths: ["/x"] },
    { data_path },
    { data_path, model_paths: [bed.path("outside")] },
    { ...asked, output_path: bed.path("outside/a.slp") },
    { ...asked, output_path: join(bed.root, "uploads", "a.slp") },
    { ...asked, output_path: bed.path("mount/a.txt") },
  ];
  for (const fields of usage) {
    const error = await bed.refusedPredictions(fields);
    assert.equal(error.exitCode, EXIT.usage, `${JSON.stringify(fields)}: ${error.message}`);
  }
  const unknown = await bed.refusedPredictions({ ...asked, models: ["dddd4444"] });
  assert.equal(unknown.exitCode, EXIT.notFound);
  await Deno.writeTextFile(bed.path("mount/a.slp"), "somebody's");
  const taken = await bed.refusedPredictions({ ...asked, output_path: bed.path("mount/a.slp") });
  assert.equal(taken.exitCode, EXIT.conflict);
});

Deno.test("a model that a client has uploaded is not loaded", async () => {
  await using bed = await bedWithModel();
  const data_path = await bed.upload("clip.mp4", "frames");
  const checkpoint = await bed.upload("best.ckpt", "a program");
  const error = await bed.refusedPredictions({ data_path, model_paths: [checkpoint] });
  assert.equal(error.exitCode, EXIT.usage);
  assert.match(error.message, /uploaded is not loaded/);
});

Deno.test("videos of labels that are not there, or not allowed, are named together", async () => {
  await using bed = await bedWithModel();
  bed.data = { ...bed.data, kind: "labels", labeledFrames: 3 };
  const data_path = await bed.upload("mice.slp", await Deno.readFile(bed.labels));
  await Deno.writeTextFile(bed.path("mount/b.mp4"), "frames");
  bed.videos = ["/home/me/a.mp4", "/home/me/b.mp4", bed.path("outside/mice.pkg.slp")];
  const error = await bed.refusedPredictions({ ...VIDEO, data_path });
  assert.equal(error.exitCode, EXIT.notFound);
  for (const video of bed.videos) assert.ok(error.message.includes(video), error.message);
  assert.match(error.hint ?? "", /--path-map/);
  bed.videos = ["/home/me/b.mp4"];
  const path_mappings = { "/home/me": bed.path("mount") };
  const { spec } = await bed.predictions({ ...VIDEO, data_path, path_mappings });
  assert.deepEqual(spec.type === "track" && spec.path_map, path_mappings);
});

Deno.test("a path map that could be read in two ways is refused", async () => {
  await using bed = await bedWithModel();
  bed.data = { ...bed.data, kind: "labels", labeledFrames: 3 };
  const data_path = await bed.upload("mice.slp", await Deno.readFile(bed.labels));
  await Deno.writeTextFile(bed.path("mount/clip.mp4"), "frames");
  bed.videos = ["/v/clip.mp4"];
  for (
    const path_mappings of [
      { "/v": bed.path("mount"), "/v/": bed.path("outside") },
      { "/v": bed.path("mount"), "/": bed.path("outside") },
      { "/v": bed.path("mount"), "/w": "http://127.0.0.1/" },
    ]
  ) {
    const error = await bed.refusedPredictions({ ...VIDEO, data_path, path_mappings });
    assert.equal(error.exitCode, EXIT.usage);
    assert.match(error.message, /path map/);
  }
});

Deno.test("a video that sleap-io finds outside counts as missing", async () => {
  await using bed = await bedWithModel();
  const data_path = await bed.upload("mice.slp", await Deno.readFile(bed.labels));
  const path = bed.path("outside/mice.pkg.slp");
  bed.data = {
    ...bed.data,
    kind: "labels",
    labeledFrames: 3,
    videos: [{ path, exists: true, frames: 3 }],
  };
  const error = await bed.refusedPredictions({ ...VIDEO, data_path });
  assert.equal(error.exitCode, EXIT.notFound);
});

Deno.test("images that come from a URL are refused, those of a video elsewhere are not", async () => {
  await using bed = await bedWithModel();
  bed.data = { ...bed.data, kind: "labels", labeledFrames: 3 };
  const data_path = await bed.upload("mice.pkg.slp", await Deno.readFile(bed.labels));
  for (const source of ["http://127.0.0.1:1/x.h5", "s3://bucket/x.mp4"]) {
    bed.sources = [source];
    const error = await bed.refusedPredictions({ ...VIDEO, data_path });
    assert.equal(error.exitCode, EXIT.usage, error.message);
    assert.ok(!error.message.includes(source));
    const training = await bed.refused({ config_contents: [configText()], labels_path: data_path });
    assert.equal(training.exitCode, EXIT.usage, training.message);
  }
  bed.sources = ["/home/me/videos/mice.mp4", "C:\\videos\\mice.mp4", bed.labels];
  await bed.predictions({ ...VIDEO, data_path });
});

Deno.test("videos that are HDF5 files are looked into, named by labels or not", async () => {
  await using bed = await bedWithModel();
  bed.sources = ["https://example.org/x.h5"];
  const h5 = await bed.upload("clip.h5", "frames");
  assert.equal((await bed.refusedPredictions({ ...VIDEO, data_path: h5 })).exitCode, EXIT.usage);
  const mp4 = await bed.upload("clip.mp4", "frames");
  await bed.predictions({ ...VIDEO, data_path: mp4 });
});
