import assert from "node:assert/strict";
import { join } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../../../lib/errors.ts";
import { checkOutputPlace, predictionsName } from "../../../lib/prediction/output_place.ts";
import { withFolder } from "../../support/temp_folder.ts";

Deno.test("predictionsName() is made of the data's name", () => {
  assert.equal(predictionsName("/videos/clip.mp4"), "clip.predictions.slp");
  assert.equal(predictionsName("mice.pkg.slp"), "mice.pkg.predictions.slp");
  assert.equal(predictionsName("C:\\videos\\clip.avi"), "clip.predictions.slp");
  assert.equal(predictionsName(".hidden"), ".hidden.predictions.slp");
});

Deno.test("checkOutputPlace() gives the absolute path and leaves nothing behind", async () => {
  await withFolder(async (folder) => {
    const output = join(folder, "a.slp");
    assert.equal(await checkOutputPlace(output, { overwrite: false }), output);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("checkOutputPlace() refuses what cannot be written, before anything is computed", async () => {
  await withFolder(async (folder) => {
    const check = (name: string, overwrite = false) =>
      checkOutputPlace(join(folder, name), { overwrite });
    await Deno.writeTextFile(join(folder, "there.slp"), "");
    await Deno.mkdir(join(folder, "folder.slp"));
    await assert.rejects(check("there.slp"), ConflictError);
    await check("there.slp", true);
    await assert.rejects(check("folder.slp", true), UsageError);
    await assert.rejects(check("a.h5"), UsageError);
    await assert.rejects(check("no/a.slp"), NotFoundError);
  });
});
