import assert from "node:assert/strict";
import { fromPython } from "../../../worker/legacy/python_submission.ts";

const ASKED = { type: "track", data_path: "/data/clip.mp4" };

function judged(submission: unknown): unknown {
  return JSON.parse(JSON.stringify(fromPython(submission).submission));
}

Deno.test("plain names instead of paths mean models of the worker", () => {
  assert.deepEqual(judged({ ...ASKED, model_paths: ["mouse-v2", "a3f5e8c9"] }), {
    ...ASKED,
    models: ["mouse-v2", "a3f5e8c9"],
  });
});

Deno.test("an output without a folder is the name of the client's own file", () => {
  const { submission, outputName } = fromPython({ ...ASKED, output_path: "predictions.slp" });
  assert.equal(outputName, "predictions.slp");
  assert.deepEqual(JSON.parse(JSON.stringify(submission)), ASKED);
});

Deno.test("paths, and what is no submission, stay as they are", () => {
  const submissions = [
    { ...ASKED, model_paths: ["models/centroid_a3f5e8c9"], output_path: "/data/out.slp" },
    { ...ASKED, model_paths: ["mouse-v2", "/models/x"] },
    { ...ASKED, model_paths: ["C:\\models\\x"], output_path: "out/x.slp" },
    { ...ASKED, model_paths: [], output_path: "" },
    { ...ASKED, model_paths: [7], output_path: 7 },
    { ...ASKED, model_paths: "mouse-v2" },
    ASKED,
    { type: "train", model_paths: ["mouse-v2"], output_path: "x.slp" },
    null,
    "track",
    [],
  ];
  for (const submission of submissions) {
    assert.deepEqual(judged(submission), submission);
    assert.equal(fromPython(submission).outputName, null);
  }
});
