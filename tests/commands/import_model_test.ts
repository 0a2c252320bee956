import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { sha256File } from "../../lib/files/hash.ts";
import { type ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { chooseModels } from "../../worker/prediction/choose_models.ts";
import { checkpointBytes } from "../support/checkpoint.ts";
import { type CliOptions, type CliResult, runCli } from "../support/cli.ts";
import { snapshot, writeForeignModel, writeLegacyModel } from "../support/foreign_model.ts";
import { findPython } from "../support/python.ts";
import { withFolder } from "../support/temp_folder.ts";

const python = await findPython("pty");
const ignore = python === null && Deno.env.get("CI") !== "true";

/** A folder with a model trained elsewhere in `old/`, and a registry of its own in `root/`. */
async function withModel(act: (bed: Bed) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const bed = new Bed(folder);
    await Deno.mkdir(bed.root);
    await writeForeignModel(bed.old);
    await act(bed);
  });
}

class Bed {
  readonly folder: string;
  readonly root: string;
  readonly old: string;

  constructor(folder: string) {
    this.folder = folder;
    this.root = join(folder, "root");
    this.old = join(folder, "old", "mice night");
  }

  async run(args: string[], options: Partial<CliOptions> = {}): Promise<CliResult> {
    const all = ["import-model", ...args, "--registry", this.root];
    return await runCli(all, { cwd: this.folder, ...options });
  }

  async entries(): Promise<ModelEntry[]> {
    return await (await ModelRegistry.open(this.root, { create: false })).list();
  }

  async only(): Promise<ModelEntry> {
    const [entry, ...others] = await this.entries();
    assert.ok(entry !== undefined && others.length === 0);
    return entry;
  }
}

Deno.test("CM11, CM14, CM15 import-model enters a model by links, and only reads its folder", async () => {
  await withModel(async (bed) => {
    const before = await snapshot(bed.old);
    const { code, stdout, stderr } = await bed.run([bed.old, "--alias", "mouse"]);
    assert.equal(code, 0, stderr);
    const entry = await bed.only();
    const checkpoint = `models/centroid_${entry.id}/best.ckpt`;
    assert.match(stdout, new RegExp(`^Model: mouse \\(${entry.id}\\) imported\n`));
    assert.match(entry.id, /^[0-9a-f]{8}$/);
    assert.equal(entry.full_hash?.slice(0, 8), entry.id);
    assert.deepEqual(
      [entry.status, entry.model_type, entry.alias, entry.source, entry.run_name],
      ["completed", "centroid", "mouse", "local-import", "night"],
    );
    assert.ok(!Number.isNaN(Date.parse(entry.imported_at ?? "")));
    assert.equal(entry.imported_from?.folder, bed.old);
    assert.equal(entry.checkpoint_path, checkpoint);
    assert.deepEqual(entry.checkpoint, {
      epoch: 2,
      sha256: await sha256File(join(bed.old, "best.ckpt")),
      bytes: 8192,
    });
    assert.deepEqual(entry.metrics, {
      final_val_loss: 0.3,
      best_val_loss: 0.2,
      best_epoch: 1,
      epochs_completed: 3,
    });
    assert.equal(entry.training_hyperparameters?.["learning_rate"], 0.001);
    assert.equal(entry.metadata?.["dataset"], "mice.pkg.slp");
    assert.equal(entry.sleap_nn_version, "0.3.5");
    assert.equal(await Deno.readLink(join(bed.root, checkpoint)), join(bed.old, "best.ckpt"));
    assert.deepEqual(await snapshot(bed.old), before);
    const own = JSON.parse(
      await Deno.readTextFile(join(bed.root, dirname(checkpoint), "model.json")),
    );
    assert.deepEqual(own, entry);
  });
});

Deno.test("track --model finds checkpoint, configuration and hash of an import", async () => {
  await withModel(async (bed) => {
    await bed.run([bed.old]);
    const centered = join(bed.folder, "old", "centered_instance");
    await writeForeignModel(centered, { type: "centered_instance" });
    await bed.run([centered, "--copy"]);
    const legacy = join(bed.folder, "old", "flies");
    await writeLegacyModel(legacy);
    assert.equal((await bed.run([legacy])).code, 0);
    const registry = await ModelRegistry.open(bed.root);
    const idOf = async (type: string) => (await registry.list({ modelType: type }))[0]?.id ?? "";
    const options = { modelPaths: [], allowInterrupted: false };
    const pair = await chooseModels(registry, {
      ...options,
      models: [await idOf("centroid"), await idOf("centered_instance")],
    });
    assert.deepEqual(pair.models.map((model) => model.sha256), [
      await sha256File(join(bed.old, "best.ckpt")),
      await sha256File(join(centered, "best.ckpt")),
    ]);
    const { models: [old] } = await chooseModels(registry, {
      ...options,
      models: [await idOf("bottomup")],
    });
    assert.match(old?.config_path ?? "", /training_config\.json$/);
  });
});

Deno.test("import-model --copy is independent of the folder it comes from", async () => {
  await withModel(async (bed) => {
    assert.equal((await bed.run([bed.old, "--copy"])).code, 0);
    await Deno.remove(bed.old, { recursive: true });
    const { id, checkpoint_path } = await bed.only();
    assert.ok((await Deno.lstat(join(bed.root, checkpoint_path ?? ""))).isFile);
    const info = await runCli(["model-info", id, "--registry", bed.root], { cwd: bed.folder });
    assert.match(info.stdout, /best\.ckpt \(exists/);
  });
});

Deno.test("import-model of a model of SLEAP 1.4: type, ID, losses and settings", async () => {
  await withModel(async (bed) => {
    const legacy = join(bed.folder, "flies");
    await writeLegacyModel(legacy);
    assert.equal((await bed.run([legacy])).code, 0);
    const entry = await bed.only();
    assert.equal(entry.model_type, "bottomup");
    assert.equal(entry.run_name, "210505_flies");
    assert.equal(entry.metadata?.["dataset"], "flies.slp");
    assert.equal(entry.metrics?.["best_val_loss"], 0.015);
    assert.deepEqual(entry.training_hyperparameters, {
      learning_rate: 0.0001,
      batch_size: 4,
      optimizer: "adam",
      max_epochs: 200,
      augmentation: { rotate: true },
      backbone: { name: "unet", filters: 8 },
    });
    assert.equal(entry.checkpoint_path, `models/bottomup_${entry.id}/best_model.h5`);
  });
});

Deno.test("import-model of the same folder again: exit 0, says so, changes nothing", async () => {
  for (const how of [[], ["--copy"]]) {
    await withModel(async (bed) => {
      await bed.run([bed.old, ...how]);
      const before = await bed.only();
      // Also by a link to it, and as the folder in the registry.
      await Deno.symlink(bed.old, join(bed.folder, "link"));
      const own = join(bed.root, "models", `centroid_${before.id}`);
      for (const path of [bed.old, join(bed.folder, "link"), own]) {
        const again = await bed.run([path, ...how]);
        assert.equal(again.code, 0, again.stderr);
        assert.match(again.stdout, /is in this registry already: nothing changed/);
        assert.deepEqual(await bed.only(), before);
      }
    });
  }
});

Deno.test("import-model prefers best.ckpt; a damaged one is said and the last one taken", async () => {
  await withModel(async (bed) => {
    await Deno.writeFile(join(bed.old, "aaa.ckpt"), await checkpointBytes({ epoch: 9 }));
    await Deno.writeFile(join(bed.old, "last.ckpt"), await checkpointBytes({ epoch: 7 }));
    await bed.run([bed.old]);
    const { id, checkpoint_path, last_checkpoint_path } = await bed.only();
    assert.equal(checkpoint_path, `models/centroid_${id}/best.ckpt`);
    assert.equal(last_checkpoint_path, `models/centroid_${id}/last.ckpt`);
  });
  await withModel(async (bed) => {
    await Deno.truncate(join(bed.old, "best.ckpt"), 4096);
    const only = await bed.run([bed.old]);
    assert.equal(only.code, 2);
    assert.match(only.stderr, /has no checkpoint that can be used: ".*best\.ckpt" is truncated/);
    await Deno.writeFile(join(bed.old, "last.ckpt"), await checkpointBytes({ epoch: 7 }));
    const last = await bed.run([bed.old]);
    assert.equal(last.code, 0);
    assert.match(last.stderr, /warning: ".*best\.ckpt" is truncated/);
    const { id, checkpoint_path } = await bed.only();
    assert.equal(checkpoint_path, `models/centroid_${id}/last.ckpt`);
  });
});

Deno.test("a taken ID gets a suffix; the model that has it stays as it is", async () => {
  await withModel(async (bed) => {
    await bed.run([bed.old]);
    const { id } = await bed.only();
    const other = join(bed.folder, "other");
    await writeForeignModel(other, { epoch: 5 });
    const second = await bed.run([other]);
    assert.equal(second.code, 0);
    assert.match(second.stderr, new RegExp(`warning: ID ${id} is taken.*imported as ${id}-2`));
    assert.deepEqual((await bed.entries()).map((entry) => entry.id).sort(), [id, `${id}-2`]);
  });
});

Deno.test("a linked model whose checkpoint is another one now: exit 7, nothing changes", async () => {
  await withModel(async (bed) => {
    await bed.run([bed.old]);
    const before = await bed.only();
    await Deno.writeFile(join(bed.old, "best.ckpt"), await checkpointBytes({ epoch: 5 }));
    const { code, stderr } = await bed.run([bed.old]);
    assert.equal(code, 7);
    assert.match(stderr, /its checkpoint is another one now\nhint: .*delete-model/);
    assert.deepEqual(await bed.only(), before);
  });
});

Deno.test("CM48-CM51 links that dangle are marked with where they lead; a new import brings them back", async () => {
  await withModel(async (bed) => {
    await bed.run([bed.old, "--alias", "mouse"]);
    const { id } = await bed.only();
    const moved = join(bed.folder, "moved");
    await Deno.rename(bed.old, moved);
    const show = () => runCli(["model-info", id, "--registry", bed.root], { cwd: bed.folder });
    const broken = await show();
    assert.equal(broken.code, 0);
    assert.match(broken.stdout, /Status +completed \(checkpoint gone\)/);
    assert.ok(broken.stdout.includes(`(MISSING: a link to ${join(bed.old, "best.ckpt")})`));
    assert.match(broken.stdout, /Repair +sleap-rtc import-model/);
    const again = await bed.run([moved]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, new RegExp(`^Model: mouse \\(${id}\\) .*its files are back`));
    assert.equal((await bed.only()).imported_from?.folder, moved);
    assert.match((await show()).stdout, /best\.ckpt \(exists/);
  });
});

Deno.test("a link in the folder that leads nowhere: exit 3 with its target; others are left out", async () => {
  await withModel(async (bed) => {
    await Deno.symlink("/nowhere/labels.slp", join(bed.old, "labels_gt.train.0.slp"));
    const fine = await bed.run([bed.old]);
    assert.equal(fine.code, 0);
    assert.match(fine.stderr, /labels_gt\.train\.0\.slp" is left out: it leads to "\/nowhere/);
    const other = join(bed.folder, "other");
    await writeForeignModel(other, { runName: "day" });
    await Deno.remove(join(other, "best.ckpt"));
    await Deno.symlink("/nowhere/best.ckpt", join(other, "best.ckpt"));
    const { code, stderr } = await bed.run([other]);
    assert.equal(code, 3);
    assert.match(stderr, /best\.ckpt" is a link to "\/nowhere\/best\.ckpt", which is gone/);
  });
});

Deno.test("C4 a model of another registry keeps its ID, alias, losses and attempts", async () => {
  await withModel(async (bed) => {
    await bed.run([bed.old, "--copy", "--alias", "mouse"]);
    const there = await ModelRegistry.open(bed.root);
    const { id } = await bed.only();
    const attempts = [{ job_id: "job_00000007", attempt: 1, first_epoch: 0, last_epoch: 2 }];
    await there.update(id, (entry) => ({ ...entry, attempts, tags: ["good"], job_id: "job_7" }));
    const second = join(bed.folder, "second");
    const from = join(bed.root, "models", `centroid_${id}`);
    const before = await snapshot(from);
    const { code, stderr } = await runCli(["import-model", from, "--registry", second], {
      cwd: bed.folder,
    });
    assert.equal(code, 0, stderr);
    const entry = await (await ModelRegistry.open(second)).resolve("mouse");
    assert.equal(entry.id, id);
    assert.deepEqual(entry.attempts, attempts);
    assert.deepEqual(entry.tags, ["good"]);
    assert.equal(entry.job_id, undefined);
    assert.deepEqual(await snapshot(from), before);
  });
});

Deno.test("import-model refuses what it cannot import: exit codes and what to do", async () => {
  await withModel(async (bed) => {
    await bed.run([bed.old, "--alias", "mouse"]);
    const other = join(bed.folder, "other");
    await writeForeignModel(other, { runName: "day" });
    const untold = join(bed.folder, "untold");
    await writeForeignModel(untold);
    const config = join(untold, "training_config.yaml");
    await Deno.writeTextFile(config, "model_config: {head_configs: {centroid: null}}\n");
    const bare = join(bed.folder, "bare");
    await Deno.mkdir(bare);
    await Deno.writeFile(join(bare, "best.ckpt"), await checkpointBytes());
    const cases: [args: string[], code: number, says: RegExp][] = [
      [["nowhere"], 3, /There is no folder "nowhere"/],
      [[bed.folder], 3, /has no training_config\.yaml.*\nhint: .*--scan/],
      [[bare], 3, /has no training_config\.yaml/],
      [[other, "--alias", "mouse"], 7, /Alias "mouse" is taken/],
      [[other, "--alias", "a b"], 2, /only letters, numbers/],
      [[other, "--model-type", "bottomup"], 2, /holds a centroid model, not a bottomup model/],
      [[other, "--model-type", "foo"], 2, /Allowed choices are/],
      [[untold], 2, /Cannot tell the type.*\nhint: Name it with --model-type/],
      [[other, "--scan", "--alias", "x"], 2, /--alias is for one model/],
    ];
    for (const [args, code, says] of cases) {
      const result = await bed.run(args);
      assert.equal(result.code, code, `${args.join(" ")}: ${result.stderr}`);
      assert.match(result.stderr, says);
    }
    assert.equal((await bed.entries()).length, 1);
    assert.equal((await bed.run([untold, "--model-type", "centroid"])).code, 0);
  });
});

Deno.test("import-model --scan imports a tree of old folders, and says why it skips some", async () => {
  await withModel(async (bed) => {
    const tree = join(bed.folder, "old");
    await writeForeignModel(join(tree, "models", "centroid"), { runName: "a" });
    await writeForeignModel(join(tree, "models", "centroid-1"), { runName: "b", epoch: 4 });
    await writeLegacyModel(join(tree, "models", "flies"));
    await writeForeignModel(join(tree, "models", "torn"), { runName: "c" });
    await Deno.truncate(join(tree, "models", "torn", "best.ckpt"), 100);
    await Deno.mkdir(join(tree, "models", "empty"));
    await bed.run([bed.old]);
    const before = await snapshot(tree);
    const first = await bed.run([tree, "--scan"]);
    assert.equal(first.code, 0, first.stderr);
    const rows = first.stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2));
    assert.deepEqual(rows.slice(1, -1), [
      ["mice night", "known"],
      ["models/centroid", "imported"],
      ["models/centroid-1", "imported"],
      ["models/flies", "imported"],
      ["models/torn", "skipped"],
    ]);
    assert.match(first.stdout, /torn .*best\.ckpt" is truncated/);
    assert.match(first.stderr, /3 imported, 1 known, 1 skipped/);
    assert.equal((await bed.entries()).length, 4);
    const again = await bed.run([tree, "--scan", "--json"]);
    const found: { outcome: string; model: { id: string } | null }[] = JSON.parse(again.stdout);
    assert.deepEqual(found.map(({ outcome }) => outcome), [
      ...Array(4).fill("known"),
      "skipped",
    ]);
    assert.deepEqual(await snapshot(tree), before);
    const none = await bed.run([join(tree, "models", "empty"), "--scan"]);
    assert.equal(none.code, 3);
    const torn = await bed.run([join(tree, "models", "torn"), "--scan"]);
    assert.equal(torn.code, 1);
  });
});

Deno.test("import-model --json is one document with the entry", async () => {
  await withModel(async (bed) => {
    const { stdout } = await bed.run([bed.old, "--json"]);
    const { folder, outcome, id, model } = JSON.parse(stdout);
    assert.deepEqual([folder, outcome, id], [bed.old, "imported", model.id]);
    assert.equal(model.checkpoint_exists, true);
  });
});

Deno.test("CM1, CM2 without a registry near, import-model makes the person's own", async () => {
  await withModel(async (bed) => {
    const { code, stderr } = await runCli(["import-model", bed.old], { cwd: bed.folder });
    assert.equal(code, 0, stderr);
    const home = join(bed.folder, "home");
    assert.equal((await (await ModelRegistry.open(home, { create: false })).list()).length, 1);
    assert.equal(((await Deno.stat(home)).mode ?? 0) & 0o777, 0o700);
  });
});

Deno.test({
  name: "AL77-AL79 on a terminal import-model asks for an alias before anything is written",
  ignore,
  async fn() {
    assert.ok(python !== null, "no Python to open a terminal with");
    for (const [stdin, alias] of [["\n", null], ["mice-night\n", "mice-night"]] as const) {
      await withModel(async (bed) => {
        const { code, stdout } = await bed.run([bed.old], { stdin, terminalOf: python });
        assert.equal(code, 0, stdout);
        assert.match(stdout, /could be "mice-night"/);
        assert.match(stdout, /Enter alias \(optional, press enter to skip\):/);
        assert.equal((await bed.only()).alias, alias);
      });
    }
    await withModel(async (bed) => {
      const { stdout } = await bed.run([bed.old, "--yes"], { stdin: "", terminalOf: python });
      assert.doesNotMatch(stdout, /Enter alias/);
    });
  },
});

Deno.test({
  name: "on a terminal import-model asks for a type that it cannot tell",
  ignore,
  async fn() {
    assert.ok(python !== null, "no Python to open a terminal with");
    await withModel(async (bed) => {
      const config = join(bed.old, "training_config.yaml");
      await Deno.writeTextFile(config, "model_config: {head_configs: {}}\n");
      const asked = await bed.run([bed.old, "--alias", "mouse"], {
        stdin: "centered_instance\n",
        terminalOf: python,
      });
      assert.equal(asked.code, 0, asked.stdout);
      assert.equal((await bed.only()).model_type, "centered_instance");
    });
  },
});
