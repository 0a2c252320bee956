import assert from "node:assert/strict";
import { join } from "node:path";
import { placeholderLabels } from "../../../scripts/compile/placeholder_files.ts";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import { findDataFile } from "../../../lib/prediction/data_file.ts";
import { withFolder } from "../../support/temp_folder.ts";

Deno.test("findDataFile() finds videos and labels of this machine", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "CLIP.MP4"), "x");
    await Deno.writeFile(join(folder, "labels.slp"), placeholderLabels());
    for (const name of ["CLIP.MP4", "labels.slp"]) {
      assert.deepEqual(await findDataFile(join(folder, name)), { here: join(folder, name) });
    }
  });
});

Deno.test("findDataFile() takes an absolute path that is not here for one of the worker", async () => {
  assert.deepEqual(await findDataFile("/no/such/clip.mp4"), { onWorker: "/no/such/clip.mp4" });
  await assert.rejects(findDataFile("no-such-clip.mp4"), NotFoundError);
});

Deno.test("findDataFile() refuses what is no video and no labels", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "folder.mp4"));
    await Deno.writeTextFile(join(folder, "empty.mp4"), "");
    await Deno.writeTextFile(join(folder, "notes.txt"), "x");
    await Deno.writeTextFile(join(folder, "labels.slp"), "no HDF5");
    for (const name of ["folder.mp4", "empty.mp4", "notes.txt", "labels.slp"]) {
      await assert.rejects(findDataFile(join(folder, name)), UsageError, name);
    }
  });
});
