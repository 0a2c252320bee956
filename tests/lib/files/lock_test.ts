import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { ConflictError } from "../../../lib/errors.ts";
import { FileLock, isLocked, type LockHolder, readLockHolder } from "../../../lib/files/lock.ts";

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(join(folder, "a.lock"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a held lock cannot be taken, a released one can", () =>
  inFolder(async (path) => {
    assert.equal(await isLocked(path), false, "no file is not locked");
    const lock = await FileLock.acquire(path);
    assert.equal(await FileLock.tryAcquire(path), null);
    assert.equal(await isLocked(path), true);
    lock.release();
    assert.equal(await isLocked(path), false);
    using again = await FileLock.tryAcquire(path);
    assert.ok(again);
  }));

Deno.test("waiting in vain names the holder, exit code 7", () =>
  inFolder(async (path) => {
    using _lock = await FileLock.acquire(path);
    await assert.rejects(
      FileLock.acquire(path, { timeoutMs: 20 }),
      (error) =>
        error instanceof ConflictError && error.exitCode === 7 &&
        error.message.includes(`process ${Deno.pid} on `),
    );
    assert.equal((await readLockHolder(path))?.pid, Deno.pid);
  }));

Deno.test("4.3.3 a wait of 10 s tells once who holds the lock, and goes on", () =>
  inFolder(async (path) => {
    using _clock = new FastClock();
    const held = await FileLock.acquire(path);
    const told: (LockHolder | null)[] = [];
    using _lock = await FileLock.acquire(path, {
      timeoutMs: 3_600_000,
      onHeld: (holder) => {
        told.push(holder);
        setTimeout(() => held.release(), 50);
      },
    });
    assert.deepEqual(told, [{ pid: Deno.pid, host: hostname() }]);
  }));

/** A clock on which each look takes four seconds. */
class FastClock {
  readonly #now = performance.now;
  #looks = 0;

  constructor() {
    performance.now = () => 4_000 * this.#looks++;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}

Deno.test("waiters get the lock one after the other", () =>
  inFolder(async (path) => {
    let inside = 0;
    await Promise.all(Array.from({ length: 10 }, async () => {
      using _lock = await FileLock.acquire(path);
      assert.equal(++inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inside--;
    }));
  }));

Deno.test("a lock is free when its holder was killed", () =>
  inFolder(async (path) => {
    const module = new URL("../../../lib/files/lock.ts", import.meta.url).href;
    const script = `const { FileLock } = await import(${JSON.stringify(module)});` +
      `await FileLock.acquire(${JSON.stringify(path)});` +
      `console.log("held"); await new Promise(() => setInterval(() => {}, 1000));`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--config", new URL("../../../deno.json", import.meta.url).pathname, script],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    assert.equal(await isLocked(path), true);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    assert.equal(await isLocked(path), false);
    assert.equal((await readLockHolder(path))?.pid, child.pid, "the text tells who held it last");
  }));

Deno.test("readLockHolder() of a missing or odd file is null", () =>
  inFolder(async (path) => {
    assert.equal(await readLockHolder(path), null);
    for (const text of ["", "{", "null", '{"pid":"x"}']) {
      await Deno.writeTextFile(path, text);
      assert.equal(await readLockHolder(path), null);
    }
  }));

Deno.test({
  name: "a lock whose file was deleted is not waited for, and says that it guards nothing",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (path) => {
      using first = await FileLock.acquire(path);
      assert.equal(await first.isInPlace(), true);
      await Deno.remove(path);
      assert.equal(await first.isInPlace(), false);
      using second = await FileLock.acquire(path, { timeoutMs: 1_000 });
      assert.equal(await second.isInPlace(), true);
      assert.equal(await first.isInPlace(), false, "there is a file again, another one");
    }),
});

Deno.test({
  name: "whoever opened a lock file that was deleted before it was locked takes the new one",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (path) => {
      const { open } = Deno;
      const opened: Deno.FsFile[] = [];
      Deno.open = async (...args) => {
        opened.push(await open(...args));
        if (opened.length === 1) await Deno.remove(path);
        return opened.at(-1) as Deno.FsFile;
      };
      try {
        using lock = await FileLock.acquire(path);
        assert.equal(opened.length, 2);
        assert.equal(await lock.isInPlace(), true);
      } finally {
        Deno.open = open;
      }
      assert.equal(await isLocked(path), false);
    }),
});
