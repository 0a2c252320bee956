import assert from "node:assert/strict";
import { join } from "node:path";
import { SleapRtcError } from "../../../lib/errors.ts";
import {
  linkOrCopy,
  makeFolder,
  syncFolder,
  writeFileAtomic,
} from "../../../lib/files/atomic_write.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("1.3.7 writeFileAtomic() creates and replaces, leaving no temporary file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "one");
    await writeFileAtomic(path, new TextEncoder().encode("two"));
    assert.equal(await Deno.readTextFile(path), "two");
    assert.deepEqual(await names(folder), ["file"]);
  }));

Deno.test("1.3.7 writeFileAtomic() replaces the file, it does not write into it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "old");
    using reader = await Deno.open(path);
    await writeFileAtomic(path, "new");
    const bytes = new Uint8Array(8);
    const length = await reader.read(bytes) ?? 0;
    assert.equal(new TextDecoder().decode(bytes.subarray(0, length)), "old");
  }));

Deno.test("1.3.7 writeFileAtomic() overwrites what a killed writer left", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(`${path}.tmp`, "half of a much longer te");
    await writeFileAtomic(path, "whole");
    assert.equal(await Deno.readTextFile(path), "whole");
    assert.deepEqual(await names(folder), ["file"]);
  }));

Deno.test("1.3.7 writeFileAtomic() keeps the previous version where it is told to", () =>
  inFolder(async (folder) => {
    const [path, backup] = [join(folder, "file"), join(folder, "backup")];
    await writeFileAtomic(path, "one", { keepPreviousAs: backup });
    assert.deepEqual(await names(folder), ["file"]);
    await writeFileAtomic(path, "two", { keepPreviousAs: backup });
    await writeFileAtomic(path, "three", { keepPreviousAs: backup });
    assert.equal(await Deno.readTextFile(path), "three");
    assert.equal(await Deno.readTextFile(backup), "two");
    assert.deepEqual(await names(folder), ["backup", "file"]);
  }));

Deno.test("1.3.7 a writer killed between backup and rename leaves nothing for long", () =>
  inFolder(async (folder) => {
    const [path, backup] = [join(folder, "file"), join(folder, "backup")];
    await writeFileAtomic(path, "one");
    await Deno.link(path, backup);
    await writeFileAtomic(path, "two", { keepPreviousAs: backup });
    assert.equal(await Deno.readTextFile(backup), "one");
    assert.deepEqual(await names(folder), ["backup", "file"]);
  }));

Deno.test("1.3.7 a write that fails leaves the old version and no temporary file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "folder");
    await makeFolder(join(path, "inside"));
    await assert.rejects(writeFileAtomic(path, "text"));
    assert.deepEqual(await names(folder), ["folder"]);
  }));

Deno.test("writeFileAtomic() sets the permission bits of a new file", () =>
  inFolder(async (folder) => {
    const path = join(folder, "secret");
    await writeFileAtomic(path, "text", { mode: 0o600 });
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("linkOrCopy() gives a second name and replaces nothing", () =>
  inFolder(async (folder) => {
    const [from, to] = [join(folder, "a"), join(folder, "b")];
    await assert.rejects(linkOrCopy(from, to), Deno.errors.NotFound);
    await Deno.writeTextFile(from, "a");
    await linkOrCopy(from, to);
    assert.equal(await Deno.readTextFile(to), "a");
    await assert.rejects(linkOrCopy(from, to), Deno.errors.AlreadyExists);
  }));

Deno.test({
  name: "syncFolder() is content with a file system that cannot sync a folder",
  ignore: Deno.build.os !== "linux",
  // proc(5) answers EINVAL, as some network file systems do.
  fn: () => syncFolder("/proc/self"),
});

Deno.test("syncFolder() of what is not there is an error", () =>
  inFolder((folder) => assert.rejects(syncFolder(join(folder, "gone")), Deno.errors.NotFound)));

Deno.test("a file or a folder in the way is named, with a hint", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "file"), "");
    await Deno.mkdir(join(folder, "folder"));
    const cases: [() => Promise<unknown>, string][] = [
      [() => makeFolder(join(folder, "file")), '": it is a file, not a folder'],
      [
        () => makeFolder(join(folder, "file/a/b")),
        `": "${join(folder, "file")}" is a file, not a folder`,
      ],
      [() => writeFileAtomic(join(folder, "folder"), ""), '": it is a folder, not a file'],
      [() => writeFileAtomic(join(folder, "file/a"), ""), `": "${join(folder, "file")}" is a file`],
    ];
    for (const [write, text] of cases) {
      await assert.rejects(
        write,
        (error) =>
          error instanceof SleapRtcError && error.message.includes(text) &&
          error.hint !== undefined,
      );
    }
  }));
