/** Files and folders where the registry expects the other. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { SleapRtcError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RegistryBed } from "../../support/registry.ts";

const MODEL = { id: "a3f5e8c9", model_type: "centroid" };

type Use = (root: string) => Promise<unknown>;

const USES: Record<string, Use> = {
  "opening": (root) => ModelRegistry.open(root),
  "reading": async (root) => (await ModelRegistry.open(root, { create: false })).list(),
  "registering": async (root) =>
    (await ModelRegistry.open(root, { create: false })).register(MODEL),
  "rebuilding": async (root) => (await ModelRegistry.open(root, { create: false })).rebuild(),
};

async function assertRefused(use: Use, root: string, text: RegExp): Promise<void> {
  await assert.rejects(
    use(root),
    (error) => {
      assert.ok(error instanceof SleapRtcError, String(error));
      assert.match(error.message, text);
      assert.ok(error.hint);
      return true;
    },
  );
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [what, use] of Object.entries(USES)) {
  for (const [name, parents] of [["root", ""], ["models", "root"], [".registry", "root/models"]]) {
    Deno.test(`4.3.1 ${what} where ${name} is a file: said which one`, () =>
      inFolder(async (folder) => {
        await Deno.mkdir(join(folder, parents ?? ""), { recursive: true });
        await Deno.writeTextFile(join(folder, parents ?? "", name ?? ""), "mine");
        const file = RegExp(String.raw`^Cannot (?:read|write) ".*": "\S*/${name}" is a file`);
        await assertRefused(use, join(folder, "root"), file);
      }));
  }

  Deno.test(`4.3.1 ${what} where the manifest is a folder: said`, () =>
    inFolder(async (root) => {
      await Deno.mkdir(join(root, "models/.registry/manifest.json"), { recursive: true });
      await assertRefused(use, root, /^Cannot read ".*manifest\.json": it is a folder/);
    }));
}

Deno.test("4.3.1 where the lock or the backup is a folder, a change says which one", async () => {
  await using bed = await RegistryBed.create();
  const register = () => bed.add(MODEL);
  const folder = join(bed.folder, "models/.registry");
  await Deno.remove(join(folder, "manifest.lock"));
  await Deno.mkdir(join(folder, "manifest.lock"));
  await assertRefused(register, bed.folder, /manifest\.lock": it is a folder/);
  await Deno.remove(join(folder, "manifest.lock"));
  await Deno.mkdir(join(folder, "manifest.backup.json"));
  await assertRefused(register, bed.folder, /manifest\.backup\.json": it is a folder/);
  await Deno.remove(join(folder, "manifest.backup.json"));
  await Deno.mkdir(join(folder, "manifest.json.tmp"));
  await assertRefused(register, bed.folder, /manifest\.json": ".*manifest\.json\.tmp" is a folder/);
});

Deno.test("1.3.6 a backup that is a folder does not keep a damaged manifest from coming back", async () => {
  await using bed = await RegistryBed.create();
  using log = new CapturedLog();
  await bed.add(MODEL);
  const folder = join(bed.folder, "models/.registry");
  await Deno.remove(join(folder, "manifest.backup.json"));
  await Deno.mkdir(join(folder, "manifest.backup.json/inside"), { recursive: true });
  await Deno.writeTextFile(join(folder, "manifest.json"), "damaged");
  assert.equal((await bed.registry.list()).length, 1);
  await bed.registry.markCompleted(MODEL.id, {});
  assert.ok(log.lines.some((line) => /^warning: cannot read .*backup/i.test(line)));
});

const NOWHERE = "/nowhere/at/all";
const LINKS: Record<string, { place: string; to: string }> = {
  "models leads to a disk that is not mounted": { place: "models", to: NOWHERE },
  ".registry leads nowhere": { place: "models/.registry", to: NOWHERE },
  "models leads to itself": { place: "models", to: "models" },
};

for (const [what, { place, to }] of Object.entries(LINKS)) {
  for (const [doing, use] of Object.entries(USES)) {
    Deno.test(`4.3.1 ${doing} where ${what}: said, not empty`, () =>
      inFolder(async (root) => {
        await Deno.mkdir(dirname(join(root, place)), { recursive: true });
        await Deno.symlink(to, join(root, place));
        await assertRefused(use, root, RegExp(`is a link to "${to}", which leads nowhere$`));
        assert.equal(await Deno.readLink(join(root, place)), to);
      }));
  }
}

Deno.test("4.3.1 a manifest or backup that is a link to nowhere is rebuilt, the link kept", async () => {
  for (const name of ["manifest.json", "manifest.backup.json"]) {
    await using bed = await RegistryBed.create();
    using _log = new CapturedLog();
    await bed.add(MODEL);
    const folder = join(bed.folder, "models/.registry");
    await Deno.remove(join(folder, name));
    await Deno.symlink(NOWHERE, join(folder, name));
    const registry = await ModelRegistry.open(bed.folder);
    assert.deepEqual((await registry.list()).map(({ id }) => id), [MODEL.id]);
    await registry.markCompleted(MODEL.id, {});
    assert.ok((await Deno.lstat(join(folder, "manifest.json"))).isFile);
    const kept = (await Array.fromAsync(Deno.readDir(folder)))
      .filter((entry) => entry.name.includes("corrupted"));
    assert.deepEqual(
      kept.map(({ isSymlink }) => isSymlink),
      name === "manifest.json" ? [true] : [],
    );
  }
});

Deno.test("4.3.1 a manifest that is a link to a damaged file elsewhere: that file stays as it is", async () => {
  await using bed = await RegistryBed.create();
  using _log = new CapturedLog();
  await bed.add(MODEL);
  const path = join(bed.folder, "models/.registry/manifest.json");
  await Deno.writeTextFile(join(bed.folder, "elsewhere.json"), "damaged");
  await Deno.remove(path);
  await Deno.symlink(join(bed.folder, "elsewhere.json"), path);
  assert.equal((await (await ModelRegistry.open(bed.folder)).list()).length, 1);
  assert.equal(await Deno.readTextFile(join(bed.folder, "elsewhere.json")), "damaged");
});

Deno.test("4.3.1 a lock or temporary file that is a link to nowhere: a change says which one", async () => {
  for (const name of ["manifest.lock", "manifest.json.tmp"]) {
    await using bed = await RegistryBed.create();
    const path = join(bed.folder, "models/.registry", name);
    await Deno.remove(path).catch(() => {});
    await Deno.symlink(NOWHERE, path);
    await assertRefused(
      () => bed.add(MODEL),
      bed.folder,
      /is a link to ".*", which leads nowhere$/,
    );
  }
});

Deno.test({
  name: "4.3.1 a manifest that is no file is not read: that might never end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using bed = await RegistryBed.create();
    const path = join(bed.folder, "models/.registry/manifest.json");
    await Deno.remove(path);
    await Deno.symlink("/dev/zero", path);
    for (const use of Object.values(USES)) {
      await assertRefused(use, bed.folder, /^Cannot read ".*manifest\.json": it is no file$/);
    }
  },
});

Deno.test("1.3.6 no copy is written outside the models' folders, whatever a manifest says", async () => {
  await using bed = await RegistryBed.create();
  await Deno.mkdir(join(bed.folder, "elsewhere"));
  const id = "/../../elsewhere";
  const models = { [id]: { id, model_type: "centroid" } };
  await Deno.mkdir(join(bed.folder, "models/centroid_"));
  const path = join(bed.folder, "models/.registry/manifest.json");
  await Deno.writeTextFile(path, JSON.stringify({ version: "1.0", models }));
  await bed.registry.update(id, (entry) => ({ ...entry, notes: "changed" }));
  assert.equal((await bed.registry.get(id))?.notes, "changed");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(bed.folder, "elsewhere"))), []);
});
