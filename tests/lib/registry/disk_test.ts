import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SleapRtcError } from "../../../lib/errors.ts";
import { RegistryBed } from "../../support/registry.ts";

const ID = "a3f5e8c9";
const MODEL = { id: ID, model_type: "centroid" };
const CHANGE = fileURLToPath(new URL("../../support/register_many.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const FILES = ["manifest.backup.json", "manifest.json", "manifest.lock"];
const IS_LINUX = Deno.build.os === "linux";

function registryFolder(bed: RegistryBed): string {
  return join(bed.folder, "models/.registry");
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test({
  name: "1.3.7 on a full disk the error says so, and the old manifest stays",
  ignore: !IS_LINUX,
  fn: async () => {
    await using bed = await RegistryBed.create();
    await bed.add(MODEL);
    const path = join(registryFolder(bed), "manifest.json");
    const before = await Deno.readTextFile(path);
    const changes = [
      () => bed.registry.markCompleted(ID, {}),
      () => bed.add({ id: "bbbbbbbb", model_type: "centroid" }),
    ];
    for (const change of changes) {
      // Every write to this device fails as on a full disk (full(4)).
      await Deno.symlink("/dev/full", `${path}.tmp`);
      await assert.rejects(
        change,
        (error) =>
          error instanceof SleapRtcError && error.exitCode === 1 &&
          error.message === `Cannot write "${path}": no space left on the disk` &&
          error.hint !== undefined,
      );
      assert.equal(await Deno.readTextFile(path), before);
      assert.deepEqual(await namesIn(registryFolder(bed)), FILES);
    }
    await bed.registry.markCompleted(ID, {});
    assert.equal((await bed.registry.get(ID))?.status, "completed");
  },
});

/** In a process to which permissions apply, even where the tests are run by root. */
async function registerWithoutPrivileges(folder: string): Promise<string> {
  const run = ["run", "-A", "--config", CONFIG, CHANGE, folder, "read-only", "1"];
  const bounded = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];
  const [program, args] = Deno.uid() === 0
    ? ["setpriv", [...bounded, Deno.execPath(), ...run]]
    : [Deno.execPath(), run];
  const { success, stderr } = await new Deno.Command(program, { args, env: { NO_COLOR: "1" } })
    .output();
  assert.equal(success, false, "it could write");
  return new TextDecoder().decode(stderr);
}

Deno.test({
  name: "1.3.7 in a read-only folder the error says so, and nothing is left behind",
  ignore: !IS_LINUX,
  fn: async () => {
    await using bed = await RegistryBed.create();
    await bed.add(MODEL);
    const path = join(registryFolder(bed), "manifest.json");
    const before = await Deno.readTextFile(path);
    await Deno.chmod(registryFolder(bed), 0o555);
    try {
      const stderr = await registerWithoutPrivileges(bed.folder);
      assert.ok(stderr.includes(`Cannot write "${path}": permission denied or read-only`), stderr);
      assert.equal(await Deno.readTextFile(path), before);
      assert.deepEqual(await namesIn(registryFolder(bed)), FILES);
    } finally {
      await Deno.chmod(registryFolder(bed), 0o755);
    }
  },
});
