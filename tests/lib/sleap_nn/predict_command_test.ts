import assert from "node:assert/strict";
import { UsageError } from "../../../lib/errors.ts";
import { checkExtraArguments, predictArguments } from "../../../lib/sleap_nn/predict_command.ts";

const PREDICTION = {
  modelPaths: ["/m/centroid", "/m/centered"],
  dataPath: "/data/clip 1.mp4",
  outputPath: "/out/x.slp",
  options: {},
  version: "0.3.5",
};

Deno.test("predictArguments() names the models' resolved paths (3.3.3), data and output", () => {
  assert.deepEqual(predictArguments(PREDICTION), [
    "predict",
    "--gui",
    "--data_path",
    "/data/clip 1.mp4",
    "--model_paths",
    "/m/centroid",
    "--model_paths",
    "/m/centered",
    "--output_path",
    "/out/x.slp",
  ]);
});

Deno.test("predictArguments() chooses the command by the version", () => {
  const commandOf = (version: string | null) => predictArguments({ ...PREDICTION, version })[0];
  for (const version of ["0.3.0", "0.3.5", "0.3.0a1", "0.10.0", "1.0", null, "unknown"]) {
    assert.equal(commandOf(version), "predict", `${version}`);
  }
  for (const version of ["0.0.1", "0.1.3", "0.2.0"]) assert.equal(commandOf(version), "track");
});

Deno.test("predictArguments() passes every option on", () => {
  const options = {
    only_suggested_frames: true,
    only_labeled_frames: true,
    only_predicted_frames: true,
    exclude_user_labeled: true,
    frames: "0-99",
    video_index: 0,
    batch_size: 8,
    peak_threshold: 0,
    tracking: true,
    max_instances: 2,
    extra: ["--device", "cuda:0"],
  };
  assert.deepEqual(predictArguments({ ...PREDICTION, options }).slice(10), [
    "--only_labeled_frames",
    "--only_suggested_frames",
    "--only_predicted_frames",
    "--exclude_user_labeled",
    "--tracking",
    "--frames",
    "0-99",
    "--video_index",
    "0",
    "--batch_size",
    "8",
    "--peak_threshold",
    "0",
    "--max_instances",
    "2",
    "--device",
    "cuda:0",
  ]);
  assert.deepEqual(predictArguments({ ...PREDICTION, options: { tracking: false } }).length, 10);
});

Deno.test("checkExtraArguments() takes options that name no files", () => {
  checkExtraArguments([]);
  checkExtraArguments(["--integral_refinement=none", "--no_empty_frames", "--max_tracks", "3"]);
  checkExtraArguments(["--no-ensure_rgb", "--centroid-only", "--tracker", "classic"]);
  checkExtraArguments(["--kf_node_indices", "0,1,2", "--anchor_part", "Nasenspitze links"]);
  checkExtraArguments(["--min_line_scores", "-0.5", "--oks_stddev", "2.5e-2"]);
});

Deno.test("checkExtraArguments() refuses what names files, runs programs or is not known", () => {
  const refused = [
    ["-o", "/etc/x"],
    ["--output_path", "/etc/x"],
    ["--output-path=/etc/x"],
    ["--data_path", "http://evil"],
    ["--model_paths", "/x"],
    ["--backbone_ckpt_path", "/x.ckpt"],
    ["--head_ckpt_path=/x.ckpt"],
    ["--stream-mode", "auto"],
    ["--headers", "{}"],
    ["--sam_checkpoint", "/x"],
    ["--mask_backend", "sam"],
    ["--overlay_path", "/x"],
    ["--stream-to-file", "/x"],
    ["--mot_param", "reid=/x"],
    ["--video_dataset", "/x"],
    ["--output_format", "analysis_h5"],
    ["--gui"],
    ["--help"],
    ["--frames", "1-2"],
    ["-b", "4"],
    ["-t"],
    ["--"],
    ["x.mp4"],
    [""],
    ["--device"],
    ["--device", "/dev/null"],
    ["--device", "-o"],
    ["--device", "a\0b"],
    ["--device="],
    ["--tracking=1"],
    ["--no_device", "cpu"],
    ["--tracking", "/etc/passwd"],
  ];
  for (const args of refused) {
    assert.throws(() => checkExtraArguments(args), UsageError, args.join(" "));
    const options = { extra: args };
    assert.throws(() => predictArguments({ ...PREDICTION, options }), UsageError);
  }
});

Deno.test("checkExtraArguments() says what may have been meant", () => {
  assert.throws(
    () => checkExtraArguments(["--max_track", "3"]),
    (error) => error instanceof UsageError && error.hint === 'Did you mean "--max_tracks"?',
  );
});
