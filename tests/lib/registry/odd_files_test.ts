/** Files and folders where the registry expects the other. */
import assert from "node:assert/strict";
import { join } from "node:path";
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
