import assert from "node:assert/strict";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import type { PredictOptions } from "../../../lib/protocol/track_spec.ts";
import type { InputData } from "../../../lib/sleap_nn/input_data.ts";
import { checkData } from "../../../worker/prediction/check_data.ts";

const VIDEO: InputData = {
  kind: "video",
  videos: [{ path: "/v/clip.mp4", exists: true, frames: 100 }],
  frames: 100,
  labeledFrames: 0,
  userLabeledFrames: 0,
  predictedFrames: 0,
  suggestedFrames: 0,
};
const LABELS: InputData = {
  ...VIDEO,
  kind: "labels",
  labeledFrames: 10,
  userLabeledFrames: 4,
  predictedFrames: 6,
};

function check(data: InputData, options: PredictOptions = {}): void {
  checkData(data.kind === "video" ? "/v/clip.mp4" : "/v/a.slp", data, options);
}

Deno.test("checkData() takes what can be predicted on", () => {
  check(VIDEO);
  check(VIDEO, { frames: "0-99" });
  check(LABELS, { exclude_user_labeled: true });
  check(LABELS, { only_labeled_frames: true, frames: "9" });
  check(LABELS, { video_index: 0, frames: "99" });
});

Deno.test("no frames selected is a usage error that counts what there is", () => {
  assert.throws(() => check(LABELS, { only_suggested_frames: true }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, 'No frame of "a.slp" is selected');
    assert.match(error.hint ?? "", /suggested: 0/);
    return true;
  });
  assert.throws(() => check({ ...VIDEO, frames: 0 }), UsageError);
  assert.throws(() => check({ ...LABELS, labeledFrames: 0 }), UsageError);
  assert.throws(() => check({ ...LABELS, userLabeledFrames: 10 }, { exclude_user_labeled: true }));
});

Deno.test("frames beyond the end, and a range that runs backwards, are refused", () => {
  for (const frames of ["100", "0-100", "5,100,6", "9-3"]) {
    assert.throws(() => check(VIDEO, { frames }), UsageError, frames);
  }
  assert.throws(() => check(LABELS, { frames: "10" }), UsageError);
});

Deno.test("options of labels are refused for a video, and a video index that is not there", () => {
  assert.throws(() => check(VIDEO, { only_suggested_frames: true }), UsageError);
  assert.throws(() => check(VIDEO, { video_index: 1 }), UsageError);
  assert.throws(() => check(LABELS, { video_index: 1 }), UsageError);
});

Deno.test("videos that are not there are all named, with --path-map as the way out", () => {
  const missing = Array.from({ length: 12 }, (_, index) => ({
    path: `/old/${index}.mp4`,
    exists: false,
    frames: null,
  }));
  assert.throws(() => check({ ...LABELS, videos: [...LABELS.videos, ...missing] }), (error) => {
    assert.ok(error instanceof NotFoundError);
    assert.match(error.message, /\/old\/0\.mp4\n {2}\/old\/1\.mp4\n[^]*and 2 more$/);
    assert.match(error.hint ?? "", /--path-map OLD=NEW/);
    return true;
  });
  // Of one video alone the others do not matter.
  check({ ...LABELS, videos: [...LABELS.videos, ...missing] }, { video_index: 0 });
});
