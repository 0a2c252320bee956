import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConflictError, NotFoundError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { deleteModel } from "../../../worker/care/delete_model.ts";
import { JobFolder } from "../../../worker/job_folder.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { trackSpec } from "../../support/track_job.ts";
import { withFolder } from "../../support/temp_folder.ts";
import { addTrainedModel } from "../../support/trained_model.ts";

const ID = "a3f5e8c9";
const OTHER = "b4000000";
const KILLED = fileURLToPath(new URL("../../support/delete_kill_point.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

async function withModel(
  act: (registry: ModelRegistry, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (root) => {
    const registry = await ModelRegistry.open(root);
    await addTrainedModel(registry, { id: ID, model_type: "single_instance" });
    await registry.setAlias(ID, "mouse");
    await act(registry, join(root, "models", `single_instance_${ID}`));
  });
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** A job that predicts with the model, where it stands. */
async function addPrediction(root: string, status: "queued" | "running"): Promise<JobFolder> {
  const spec = trackSpec(root, join(root, "out.slp"));
  return await JobFolder.create(root, spec, {
    version: 1,
    job_id: spec.job_id,
    status,
    updated_at: spec.created_at,
    starter: null,
    turn: 1,
    supervisor: null,
    trainer: null,
    models: [],
  }, new Map());
}

Deno.test("CM52, CM53 a deleted model leaves neither entry nor alias nor folder, and never comes back", async () => {
  await withModel(async (registry, folder) => {
    await addTrainedModel(registry, { id: OTHER, model_type: "centroid" });
    assert.equal((await deleteModel(registry, ID)).kept, null);
    assert.equal(await registry.get(ID), null);
    assert.deepEqual(await registry.aliases(), []);
    assert.equal(await isThere(folder), false);
    assert.equal((await registry.stats())["deleted"], 1);
    assert.deepEqual((await registry.verify()).faults, []);
    await Deno.writeTextFile(join(registry.root, "models/.registry/manifest.json"), "{");
    using _log = new CapturedLog();
    await registry.rebuild();
    assert.deepEqual((await registry.list()).map(({ id }) => id), [OTHER]);
    await assert.rejects(deleteModel(registry, ID), NotFoundError);
  });
});

Deno.test("with keepFiles the folder stays, and a rebuild does not bring the model back from it", async () => {
  await withModel(async (registry, folder) => {
    assert.equal((await deleteModel(registry, ID, { keepFiles: true })).kept, folder);
    assert.ok(await isThere(join(folder, "best.ckpt")));
    using _log = new CapturedLog();
    assert.equal((await registry.rebuild()).models, 0);
    const { faults } = await registry.verify();
    assert.deepEqual(faults.map(({ kind }) => kind), ["unknown_folder"]);
  });
});

Deno.test("of links only the links are removed, be it the files or the folder itself", async () => {
  await withModel(async (registry, folder) => {
    const elsewhere = join(registry.root, "elsewhere");
    await Deno.mkdir(join(elsewhere, "logs"), { recursive: true });
    await Deno.writeTextFile(join(elsewhere, "logs", "a.txt"), "a");
    await Deno.symlink(join(elsewhere, "logs"), join(folder, "logs"));
    await Deno.symlink(join(elsewhere, "logs", "a.txt"), join(folder, "a.txt"));
    await deleteModel(registry, ID);
    assert.equal(await Deno.readTextFile(join(elsewhere, "logs", "a.txt")), "a");
    await registry.register({ id: OTHER, model_type: "centroid" });
    await registry.markCompleted(OTHER, {});
    const linked = join(registry.root, "models", `centroid_${OTHER}`);
    await Deno.rename(linked, join(elsewhere, "model"));
    await Deno.symlink(join(elsewhere, "model"), linked);
    await deleteModel(registry, OTHER);
    assert.equal(await isThere(linked), false);
    assert.ok(await isThere(join(elsewhere, "model")));
  });
});

Deno.test("a manifest that names a folder elsewhere has nothing removed there", async () => {
  await withFolder(async (root) => {
    const registry = await ModelRegistry.open(root);
    await Deno.mkdir(join(root, "precious_x"));
    await Deno.writeTextFile(join(root, "precious_x", "a.txt"), "a");
    const path = join(root, "models/.registry/manifest.json");
    const entry = { id: "x", model_type: "../precious", status: "completed" };
    const text = JSON.stringify({ version: "1.0", models: { x: entry } });
    await Deno.writeTextFile(path, text);
    await deleteModel(registry, "x");
    assert.equal(await registry.get("x"), null);
    assert.ok(await isThere(join(root, "precious_x", "a.txt")));
  });
});

Deno.test("a model in training is not deleted, nor one that a job predicts with or is to", async () => {
  await withFolder(async (root) => {
    const registry = await ModelRegistry.open(root);
    await registry.register({ id: ID, model_type: "centroid", job_id: "job_00000001" });
    await assert.rejects(deleteModel(registry, ID), /being trained by job job_00000001/);
    await registry.markInterrupted(ID, "last.ckpt", 1);
    await registry.update(ID, (entry) => ({ ...entry, running: true }));
    await assert.rejects(deleteModel(registry, ID), ConflictError);
  });
  for (const status of ["queued", "running"] as const) {
    await withModel(async (registry, folder) => {
      const job = await addPrediction(registry.root, status);
      using _lock = status === "running" ? await job.lock() : null;
      await assert.rejects(
        deleteModel(registry, ID),
        new RegExp(`Cannot delete model ${ID}: job ${job.jobId} predicts with it`),
      );
      assert.ok(await isThere(join(folder, "model.json")));
      assert.equal((await registry.resolve("mouse")).id, ID);
    });
  }
});

Deno.test("what a newer program's job needs is not known: nothing is deleted", async () => {
  await withModel(async (registry) => {
    const job = await addPrediction(registry.root, "queued");
    const spec = JSON.parse(await Deno.readTextFile(job.specPath));
    const state = JSON.parse(await Deno.readTextFile(job.statePath));
    await Deno.writeTextFile(job.specPath, JSON.stringify({ ...spec, version: 2 }));
    await Deno.writeTextFile(job.statePath, JSON.stringify({ ...state, version: 2 }));
    await assert.rejects(deleteModel(registry, ID), /Cannot tell what job/);
  });
});

Deno.test("a deletion that is killed at any step brings nothing back, and leaves nothing unseen", async () => {
  let isOver = false;
  let steps = 0;
  for (; !isOver; steps++) {
    await withModel(async (registry, folder) => {
      const killed = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--config", CONFIG, KILLED, registry.root, ID, String(steps)],
        stdout: "null",
        stderr: "null",
      });
      isOver = (await killed.output()).code === 0;
      using _log = new CapturedLog();
      const before = await registry.get(ID);
      const kinds = (await registry.verify()).faults.map(({ kind }) => kind);
      const hasFolder = await isThere(folder);
      if (before === null) assert.deepEqual(kinds, hasFolder ? ["unknown_folder"] : []);
      else {
        assert.ok(hasFolder, "an entry has its files");
        assert.ok(await isThere(join(folder, "model.json")) || kinds.includes("copy"));
        assert.equal(before.alias, "mouse");
      }
      await registry.rebuild();
      assert.deepEqual((await registry.get(ID))?.id, before?.id, "a rebuild changes nothing");
      if (before === null) {
        assert.deepEqual(await registry.aliases(), []);
        return;
      }
      assert.deepEqual((await registry.verify()).faults, [], "the copy is there again");
      await deleteModel(registry, ID);
      assert.equal(await isThere(folder), false);
    });
  }
  assert.ok(steps > 8, `${steps} steps`);
});
