import assert from "node:assert/strict";
import { UsageError } from "../../../lib/errors.ts";
import { checkCombination, partnerTypesOf } from "../../../lib/sleap_nn/model_combination.ts";

Deno.test("checkCombination() takes what sleap-nn predicts with", () => {
  const alone = [
    "single_instance",
    "bottomup",
    "multi_class_bottomup",
    "bottomup_segmentation",
    "semantic_segmentation",
  ];
  for (const type of alone) checkCombination([type], []);
  for (const type of partnerTypesOf("centroid")) {
    checkCombination(["centroid", type], []);
    checkCombination([type, "centroid"], []);
    assert.deepEqual(partnerTypesOf(type), ["centroid"]);
  }
  assert.deepEqual(partnerTypesOf("bottomup"), []);
  checkCombination(["centroid"], ["--device", "cpu", "--centroid_only"]);
});

Deno.test("checkCombination() refuses what sleap-nn would fail with, before it starts", () => {
  const refused: [string[], RegExp][] = [
    [[], /^No model is named$/],
    [["centroid"], /^A centroid model cannot predict alone$/],
    [["centered_instance"], /^A centered_instance model cannot predict alone$/],
    [["multi_class_topdown"], /cannot predict alone/],
    [["centroid", "centroid"], /^Both models are of the type centroid$/],
    [["bottomup", "bottomup"], /^Both models are of the type bottomup$/],
    [["centroid", "bottomup"], /^A centroid and a bottomup model cannot predict together$/],
    [["centered_instance", "multi_class_topdown"], /cannot predict together$/],
    [["single_instance", "bottomup"], /cannot predict together$/],
    [["centroid", "centered_instance", "bottomup"], /^At most two models/],
  ];
  for (const [types, message] of refused) {
    assert.throws(() => checkCombination(types, []), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.throws(() => checkCombination(["centered_instance"], ["--centroid_only"]), UsageError);
});
