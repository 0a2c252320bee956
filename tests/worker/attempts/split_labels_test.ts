import assert from "node:assert/strict";
import { join } from "node:path";
import { splitLabelsIn } from "../../../worker/attempts/split_labels.ts";

async function withFiles(
  names: readonly string[],
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-test-" });
  try {
    for (const name of names) await Deno.writeTextFile(join(folder, name), "");
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("splitLabelsIn() finds both sides of all labels, in order", () => {
  const numbers = Array.from({ length: 12 }, (_, number) => number);
  const side = (name: string) => numbers.map((number) => `labels_gt.${name}.${number}.slp`);
  const others = ["labels_gt.test.0.slp", "labels_pr.train.0.slp", "labels_gt.train.slp"];
  return withFiles([...side("train"), ...side("val"), ...others], async (folder) => {
    const split = await splitLabelsIn(folder);
    assert.deepEqual(split?.train, side("train").map((name) => join(folder, name)));
    assert.deepEqual(split.val, side("val").map((name) => join(folder, name)));
  });
});

Deno.test("splitLabelsIn() takes no part of a split", async () => {
  for (
    const names of [
      [],
      ["labels_gt.train.0.slp"],
      ["labels_gt.val.0.slp"],
      ["labels_gt.train.0.slp", "labels_gt.train.2.slp", "labels_gt.val.0.slp"],
      ["labels_gt.train.1.slp", "labels_gt.val.0.slp"],
    ]
  ) {
    await withFiles(names, async (folder) => assert.equal(await splitLabelsIn(folder), null));
  }
  assert.equal(await splitLabelsIn("/nowhere/at/all"), null);
});
