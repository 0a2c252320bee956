import assert from "node:assert/strict";
import { join } from "node:path";
import { NotFoundError, UsageError } from "../../../lib/errors.ts";
import { readModelFolder } from "../../../lib/sleap_nn/model_folder.ts";

const CONFIG =
  "model_config:\n  head_configs:\n    centroid: {confmaps: {sigma: 2}}\n    bottomup: null\n";

async function withFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "best.ckpt"), "weights");
    await Deno.writeTextFile(join(folder, "last.ckpt"), "weights");
    await Deno.writeTextFile(join(folder, "training_config.yaml"), CONFIG);
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readModelFolder() takes a folder, a checkpoint or the configuration", async () => {
  await withFolder(async (folder) => {
    const model = {
      folder,
      checkpointPath: join(folder, "best.ckpt"),
      configPath: join(folder, "training_config.yaml"),
      modelType: "centroid",
    };
    assert.deepEqual(await readModelFolder(folder), model);
    assert.deepEqual(await readModelFolder(`${folder}/`), model);
    assert.deepEqual(await readModelFolder(model.checkpointPath), model);
    assert.deepEqual(await readModelFolder(model.configPath), model);
    const last = join(folder, "last.ckpt");
    assert.deepEqual(await readModelFolder(last), { ...model, checkpointPath: last });
    await Deno.remove(model.configPath);
    const json = join(folder, "training_config.json");
    const config = { model_config: { head_configs: { single_instance: {} } } };
    await Deno.writeTextFile(json, JSON.stringify(config));
    assert.deepEqual(await readModelFolder(folder), {
      ...model,
      configPath: json,
      modelType: "single_instance",
    });
  });
});

Deno.test("readModelFolder() names what is missing", async () => {
  await withFolder(async (folder) => {
    await assert.rejects(readModelFolder(join(folder, "no")), NotFoundError);
    await Deno.writeTextFile(join(folder, "x.txt"), "");
    await assert.rejects(readModelFolder(join(folder, "x.txt")), UsageError);
    await Deno.writeTextFile(
      join(folder, "training_config.yaml"),
      "model_config: {head_configs: {}}",
    );
    await assert.rejects(readModelFolder(folder), /names 0 heads/);
    await Deno.remove(join(folder, "training_config.yaml"));
    await assert.rejects(readModelFolder(folder), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.match(error.message, /has no training_config.yaml in/);
      return true;
    });
    await Deno.remove(join(folder, "best.ckpt"));
    await assert.rejects(readModelFolder(folder), NotFoundError);
  });
});
