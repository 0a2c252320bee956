import assert from "node:assert/strict";
import { join } from "node:path";
import { ManifestFile } from "../../../lib/registry/manifest_file.ts";

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(join(folder, "manifest.json"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A version in the same file, of the same size: only its times tell it from another. */
async function write(path: string, notes: string, time: Date): Promise<void> {
  const models = { aaaaaaaa: { id: "aaaaaaaa", notes } };
  await Deno.writeTextFile(path, JSON.stringify({ version: "1.0", models }));
  await Deno.utime(path, time, time);
}

async function notesOf(file: ManifestFile): Promise<unknown> {
  const read = await file.readKnown() ?? await file.read();
  return read?.manifest.models["aaaaaaaa"]?.notes;
}

Deno.test("4.3.4 where times are kept in seconds, a change within the second is seen", () =>
  inFolder(async (path) => {
    const second = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    const file = new ManifestFile(path);
    for (const notes of ["one", "two", "ten"]) {
      await write(path, notes, second);
      assert.equal(await notesOf(file), notes);
      assert.equal(await notesOf(file), notes);
    }
  }));

Deno.test("4.3.4 a change within the same tick of a finer clock is seen", () =>
  inFolder(async (path) => {
    const time = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 7);
    const file = new ManifestFile(path);
    for (const notes of ["one", "two"]) {
      await write(path, notes, time);
      assert.equal(await notesOf(file), notes);
    }
  }));

Deno.test("4.3.4 a file that stays as it is is soon known without being read", () =>
  inFolder(async (path) => {
    await write(path, "one", new Date(Date.now() - 86_400_007));
    const file = new ManifestFile(path);
    const deadline = performance.now() + 10_000;
    while (await file.readKnown() === null) {
      assert.ok(performance.now() < deadline);
      assert.equal((await file.read())?.faults.length, 0);
    }
    assert.equal(await notesOf(file), "one");
  }));
