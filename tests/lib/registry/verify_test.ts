import assert from "node:assert/strict";
import { join } from "node:path";
import { ModelRegistry } from "../../../lib/registry.ts";
import type { RegistryFault } from "../../../lib/registry/verify.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { withFolder } from "../../support/temp_folder.ts";
import { addTrainedModel } from "../../support/trained_model.ts";

const ID = "a3f5e8c9";
const FOLDER = `models/centroid_${ID}`;
const MANIFEST = "models/.registry/manifest.json";

interface World {
  registry: ModelRegistry;
  path(name: string): string;
  faults(): Promise<RegistryFault[]>;
  /** Change the manifest's text as somebody with an editor does. */
  edit(change: (manifest: Record<string, Record<string, unknown>>) => void): Promise<void>;
}

async function withWorld(act: (world: World) => Promise<void>): Promise<void> {
  await withFolder(async (root) => {
    const registry = await ModelRegistry.open(root);
    await addTrainedModel(registry, { id: ID, model_type: "centroid" });
    const path = (name: string) => join(root, name);
    await act({
      registry,
      path,
      faults: async () => (await registry.verify()).faults,
      async edit(change) {
        const manifest = JSON.parse(await Deno.readTextFile(path(MANIFEST)));
        change(manifest);
        await Deno.writeTextFile(path(MANIFEST), JSON.stringify(manifest));
      },
    });
  });
}

function told({ kind, model, path }: RegistryFault): [string, string | null, string | null] {
  return [kind, model, path];
}

/** What is done to a sound registry, and what is then found. */
const DAMAGE: [name: string, harm: (world: World) => Promise<void>, faults: unknown[][]][] = [
  [
    "a checkpoint that is gone",
    (world) => Deno.remove(world.path(`${FOLDER}/best.ckpt`)),
    [["missing_file", ID, `${FOLDER}/best.ckpt`]],
  ],
  [
    "a checkpoint that was changed",
    (world) => Deno.writeTextFile(world.path(`${FOLDER}/best.ckpt`), "others"),
    [["changed_file", ID, `${FOLDER}/best.ckpt`]],
  ],
  [
    "a checkpoint that links to nothing",
    async (world) => {
      await Deno.remove(world.path(`${FOLDER}/best.ckpt`));
      await Deno.symlink("/nowhere/best.ckpt", world.path(`${FOLDER}/best.ckpt`));
    },
    [["missing_file", ID, `${FOLDER}/best.ckpt`]],
  ],
  [
    "an entry without its folder",
    (world) => Deno.remove(world.path(FOLDER), { recursive: true }),
    [["missing_folder", ID, FOLDER]],
  ],
  [
    "a folder without an entry",
    async (world) => {
      await Deno.mkdir(world.path("models/centroid_b4000000"));
      await Deno.mkdir(world.path("models/centroid_empty000"));
      await Deno.writeTextFile(world.path("models/centroid_b4000000/best.ckpt"), "x");
    },
    [["unknown_folder", null, "models/centroid_b4000000"]],
  ],
  [
    "a copy that is missing",
    (world) => Deno.remove(world.path(`${FOLDER}/model.json`)),
    [["copy", ID, `${FOLDER}/model.json`]],
  ],
  [
    "a copy that is damaged",
    (world) => Deno.writeTextFile(world.path(`${FOLDER}/model.json`), "{"),
    [["copy", ID, `${FOLDER}/model.json`]],
  ],
  [
    "a flip in the manifest that stays valid",
    (world) => world.edit(({ models }) => Object.assign(models?.[ID] ?? {}, { run_name: "other" })),
    [["copy", ID, `${FOLDER}/model.json`]],
  ],
  [
    "an older manifest that was put back",
    (world) => world.edit(({ models }) => Object.assign(models?.[ID] ?? {}, { revision: 1 })),
    [["copy", ID, `${FOLDER}/model.json`]],
  ],
  [
    "an alias of no model",
    (world) => world.edit(({ aliases }) => Object.assign(aliases ?? {}, { mouse: "b4000000" })),
    [["alias", "b4000000", null]],
  ],
  [
    "a list of interrupted models that says otherwise",
    (world) => world.edit((manifest) => Object.assign(manifest, { interrupted: [ID] })),
    [["interrupted", ID, null]],
  ],
  [
    "a completed model without a checkpoint",
    (world) =>
      world.registry.update(ID, (entry) => ({ ...entry, checkpoint_path: null, checkpoint: null })),
    [["missing_file", ID, null]],
  ],
];

for (const [name, harm, faults] of DAMAGE) {
  Deno.test(`registry verify finds ${name}, and says what to do`, async () => {
    await withWorld(async (world) => {
      assert.deepEqual(await world.faults(), []);
      await harm(world);
      const found = await world.faults();
      assert.deepEqual(found.map(told), faults);
      for (const { message, hint } of found) assert.ok(message !== "" && hint !== "");
    });
  });
}

Deno.test("verify tells of two models that claim one alias", async () => {
  await withWorld(async ({ registry, faults, edit }) => {
    await addTrainedModel(registry, { id: "b4000000", model_type: "centroid" });
    await registry.setAlias(ID, "mouse");
    await edit(({ models }) => Object.assign(models?.["b4000000"] ?? {}, { alias: "mouse" }));
    const messages = (await faults()).map(({ message }) => message);
    assert.ok(messages.includes(`model b4000000: its alias "mouse" names model ${ID}`));
  });
});

Deno.test("MR29 verify tells of a damaged or missing manifest, and repairs nothing", async () => {
  await withWorld(async ({ path, faults }) => {
    const whole = await Deno.readTextFile(path(MANIFEST));
    await Deno.writeTextFile(path(MANIFEST), whole.slice(0, -20));
    const [damaged] = await faults();
    assert.equal(damaged?.kind, "manifest");
    assert.match(damaged?.hint ?? "", /registry rebuild/);
    assert.equal(await Deno.readTextFile(path(MANIFEST)), whole.slice(0, -20));
    await Deno.remove(path(MANIFEST));
    assert.match(
      (await faults())[0]?.message ?? "",
      /it is missing, but there are 1 model folders/,
    );
    await assert.rejects(Deno.stat(path(MANIFEST)));
  });
});

Deno.test("CM6 verify tells of a manifest of a newer program, and looks no further", async () => {
  await withWorld(async ({ edit, faults }) => {
    await edit((manifest) => Object.assign(manifest, { version: "9.0" }));
    assert.deepEqual((await faults()).map(({ kind }) => kind), ["manifest"]);
  });
});

Deno.test("verify finds nothing wrong with a model of the older Python program, or in training", async () => {
  await withWorld(async ({ registry, edit, path, faults }) => {
    await Deno.mkdir(path("models/bottomup_c5000000"));
    await Deno.writeTextFile(path("models/bottomup_c5000000/best.ckpt"), "x");
    await edit(({ models }) =>
      Object.assign(models ?? {}, {
        c5000000: {
          id: "c5000000",
          model_type: "bottomup",
          status: "completed",
          checkpoint_path: "models/bottomup_c5000000/best.ckpt",
        },
      })
    );
    await registry.register({ id: "d6000000", model_type: "centroid" });
    assert.deepEqual(await faults(), []);
  });
});

Deno.test("a root without any model has nothing wrong with it, and is not touched", async () => {
  await withFolder(async (root) => {
    const registry = await ModelRegistry.open(root, { create: false });
    assert.deepEqual(await registry.verify(), { models: 0, faults: [] });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(root)), []);
  });
});

Deno.test("rebuild says which entries came back and from where, and writes copies again", async () => {
  await withWorld(async ({ registry, path, edit, faults }) => {
    await addTrainedModel(registry, { id: "b4000000", model_type: "bottomup" });
    await Deno.remove(path(`${FOLDER}/model.json`));
    const backup = await Deno.readTextFile(path(MANIFEST));
    await Deno.writeTextFile(path("models/.registry/manifest.backup.json"), backup);
    await edit((manifest) => Object.assign(manifest, { models: {} }));
    using _log = new CapturedLog();
    const { models, returned } = await registry.rebuild();
    assert.equal(models, 2);
    assert.deepEqual(returned.map(({ id, from }) => [id, from]), [
      [ID, "backup"],
      ["b4000000", "backup"],
    ]);
    assert.deepEqual(await faults(), []);
    await Deno.remove(path("models/.registry/manifest.backup.json"));
    await Deno.remove(path(MANIFEST));
    const again = await registry.rebuild();
    assert.deepEqual(again.returned.map(({ from }) => from), ["model.json", "model.json"]);
    assert.deepEqual((await registry.rebuild()).returned, []);
  });
});

Deno.test("rebuild takes the newer version of an entry from its copy", async () => {
  await withWorld(async ({ registry, edit }) => {
    await edit(({ models }) =>
      Object.assign(models?.[ID] ?? {}, { revision: 1, status: "training" })
    );
    const { returned } = await registry.rebuild();
    assert.deepEqual(returned, [
      { id: ID, modelType: "centroid", from: "model.json", isUpdate: true },
    ]);
    assert.equal((await registry.get(ID))?.status, "completed");
  });
});

Deno.test("6.2.2 creations, updates, collisions and deletions are counted in the save that makes them", async () => {
  await withWorld(async ({ registry, path }) => {
    using _log = new CapturedLog();
    await registry.register({ id: ID, model_type: "centroid" });
    await registry.markCompleted(`${ID}-2`, {});
    await registry.remove(`${ID}-2`);
    const { stats } = JSON.parse(await Deno.readTextFile(path(MANIFEST)));
    assert.deepEqual(stats, {
      registered: 2,
      updated: 2,
      completed: 2,
      collisions: 1,
      deleted: 1,
    });
  });
});
