/** A kill leaves what was written; only a replay shows what a power cut may leave. */
import assert from "node:assert/strict";
import { type ModelEntry, ModelRegistry } from "../../../lib/registry.ts";
import { entryFolder } from "../../../lib/registry/model_folder.ts";
import { record } from "../../support/power_cut/recorder.ts";
import { replay } from "../../support/power_cut/replay.ts";
import { CapturedLog } from "../../support/captured_log.ts";

/** Only its lock counts. */
const ANY_CONTENT = /\.lock$/;
const METRICS = { final_val_loss: 0.1, best_val_loss: 0.1, best_epoch: 2, epochs_completed: 3 };

/** A registry root of its own. */
async function inRoot<T>(use: (root: string) => Promise<T>): Promise<T> {
  using _log = new CapturedLog();
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
  try {
    return await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** All entries, as whoever opens the registry sees them. */
async function viewOf(root: string): Promise<string> {
  const registry = await ModelRegistry.open(root);
  const entries = await registry.list();
  return JSON.stringify(entries.toSorted((a, b) => a.id < b.id ? -1 : 1), null, 1);
}

/** Any program can read it, its models have their folders, and it can be written. */
async function assertUsable(root: string): Promise<void> {
  const manifest = JSON.parse(await Deno.readTextFile(`${root}/models/.registry/manifest.json`));
  for (const entry of Object.values<ModelEntry>(manifest.models)) {
    const folder = await Deno.stat(`${root}/${entryFolder(entry)}`);
    assert.ok(folder.isDirectory, entry.id);
  }
  const registry = await ModelRegistry.open(root);
  const id = await registry.register({ id: "bbbb0001", model_type: "centroid" });
  const ids = (await registry.list()).map((entry) => entry.id).sort();
  assert.deepEqual(ids, [...Object.keys(manifest.models), id].sort());
}

const ALL = "register(), update(), markInterrupted(), markCompleted(), resume() and abandon()";

Deno.test(`1.3.7 power cut: ${ALL} leave the old or the new entries`, () =>
  inRoot(async (root) => {
    const first = "aaaa0001";
    const second = "aaaa0002";
    let registry: ModelRegistry;
    const views = ["[]"];
    const recording = await record(root, [
      async () => void (registry = await ModelRegistry.open(root)),
      async () => void await registry.register({ id: first, model_type: "centroid" }),
      () => registry.update(first, (entry) => ({ ...entry, notes: "first" })),
      async () => void await registry.register({ id: second, model_type: "bottomup" }),
      () => registry.markInterrupted(first, "models/centroid_aaaa0001/last.ckpt", 1),
      () => registry.markCompleted(first, METRICS),
      () => registry.markInterrupted(second, "models/bottomup_aaaa0002/last.ckpt", 0),
      () => registry.resume(second, { jobId: "job_00000001", modelIndex: 0, restart: false }),
      () => registry.markInterrupted(second, "models/bottomup_aaaa0002/last.ckpt", 2),
      () => registry.abandon(second),
    ], async () => void views.push(await viewOf(root)));
    const states = await replay(recording, async (folder, { acknowledged }) => {
      const view = await viewOf(folder);
      const either = [views[acknowledged], views[acknowledged + 1]];
      if (!either.includes(view)) assert.equal(view, either[0], "neither old nor new");
      await assertUsable(folder);
    }, { anyContent: ANY_CONTENT });
    assert.ok(states > 150, `only ${states} states`);
  }));

Deno.test("1.3.6 power cut: the repair of a damaged manifest loses no entry and no evidence", () =>
  inRoot(async (root) => {
    const registry = await ModelRegistry.open(root);
    await registry.register({ id: "aaaa0001", model_type: "centroid" });
    await registry.register({ id: "aaaa0002", model_type: "bottomup" });
    const view = await viewOf(root);
    const path = "models/.registry/manifest.json";
    const damaged = (await Deno.readTextFile(`${root}/${path}`)).slice(0, 500);
    await Deno.writeTextFile(`${root}/${path}`, damaged);
    const recording = await record(root, [async () => void await ModelRegistry.open(root)]);
    const states = await replay(recording, async (folder) => {
      assert.equal(await viewOf(folder), view);
      await assertUsable(folder);
      const names = await Array.fromAsync(Deno.readDir(`${folder}/models/.registry`));
      const kept = names.filter(({ name }) => name.includes(".corrupted."));
      const texts = await Promise.all(
        kept.map(({ name }) => Deno.readTextFile(`${folder}/models/.registry/${name}`)),
      );
      assert.ok(texts.includes(damaged), "the damaged file is kept");
    }, { anyContent: ANY_CONTENT });
    assert.ok(states > 5, `only ${states} states`);
  }));
