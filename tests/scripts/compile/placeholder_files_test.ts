import assert from "node:assert/strict";
import { join } from "node:path";
import { readCheckpoint } from "../../../lib/sleap_nn/checkpoint_file.ts";
import { checkLabelsFile } from "../../../lib/sleap_nn/labels_file.ts";
import {
  placeholderCheckpoint,
  placeholderLabels,
} from "../../../scripts/compile/placeholder_files.ts";

Deno.test("the placeholders are taken for labels and for a checkpoint of epoch 0", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [labels, checkpoint] = [join(folder, "a.slp"), join(folder, "best.ckpt")];
    await Deno.writeFile(labels, placeholderLabels());
    await checkLabelsFile(labels, "");
    await Deno.writeFile(checkpoint, placeholderCheckpoint());
    const verdict = await readCheckpoint(checkpoint);
    assert.ok(verdict.ok);
    assert.deepEqual([verdict.epoch, verdict.globalStep], [0, 1]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
