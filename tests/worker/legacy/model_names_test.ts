import assert from "node:assert/strict";
import { withModelNames } from "../../../worker/legacy/model_names.ts";

Deno.test("plain names instead of paths mean models of the worker", () => {
  const asked = { type: "track", data_path: "/data/clip.mp4" };
  assert.deepEqual(withModelNames({ ...asked, model_paths: ["mouse-v2", "a3f5e8c9"] }), {
    ...asked,
    models: ["mouse-v2", "a3f5e8c9"],
  });
});

Deno.test("paths, and what is no submission, stay as they are", () => {
  const submissions = [
    { type: "track", model_paths: ["models/centroid_a3f5e8c9"] },
    { type: "track", model_paths: ["mouse-v2", "/models/x"] },
    { type: "track", model_paths: ["C:\\models\\x"] },
    { type: "track", model_paths: [] },
    { type: "track", model_paths: [7] },
    { type: "track", model_paths: "mouse-v2" },
    { type: "track" },
    { type: "train", model_paths: ["mouse-v2"] },
    null,
    "track",
    [],
  ];
  for (const submission of submissions) assert.equal(withModelNames(submission), submission);
});
