import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { bareCommand, launch, launched, writeExecutable } from "./launched.ts";
import { LAZY, startAgain, TestLauncher } from "./test_launcher.ts";

const ignore = Deno.build.os === "windows";
let launcher: TestLauncher;

Deno.test.beforeAll(async () => {
  if (!ignore) launcher = await TestLauncher.build();
});

Deno.test.afterAll(async () => {
  await launcher?.[Symbol.asyncDispose]();
});

function runtimes(home: string): string {
  return join(home, ".cache", "sleap-rtc", "runtime");
}

/** Names in the folder of runtimes. */
async function unpacked(home: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(runtimes(home))) names.push(name);
  return names.sort();
}

async function runtimeFolder(home: string): Promise<string> {
  const { runtime } = JSON.parse(await launched(launcher.path, ["where"], home));
  return dirname(runtime);
}

Deno.test("launcher starts eight times at the same moment without a runtime", {
  ignore,
}, async () => {
  const home = await launcher.folder();
  const starts = Array.from({ length: 8 }, () => launched(launcher.path, ["lazy"], home));
  assert.deepEqual(await Promise.all(starts), Array(8).fill(LAZY));
  const names = await unpacked(home);
  assert.equal(names.length, 1);
  assert.match(names[0] ?? "", /^[0-9a-f]{16}$/);
});

Deno.test("launcher starts after an unpack that was killed in the middle", {
  ignore,
}, async () => {
  const home = await launcher.folder();
  const remains = await killWhileUnpacking(home);
  assert.equal(await launched(launcher.path, ["lazy"], home), LAZY);
  assert.equal((await unpacked(home)).length, 2);

  const runtime = await runtimeFolder(home);
  const dayAndHourAgo = new Date(Date.now() - 25 * 3600 * 1000);
  await Deno.utime(remains, dayAndHourAgo, dayAndHourAgo);
  await Deno.remove(join(runtime, "deno"));
  assert.equal(await launched(launcher.path, ["lazy"], home), LAZY);
  assert.deepEqual(await unpacked(home), [basename(runtime)]);
});

/** Kill a first start once it has written a part of the runtime; gives the folder it left. */
async function killWhileUnpacking(home: string): Promise<string> {
  const full = (await Deno.stat(Deno.execPath())).size;
  const child = bareCommand(launcher.path, ["lazy"], home).spawn();
  for (;;) {
    const part = await partlyUnpacked(home);
    if (part !== undefined && part.size > 0) {
      assert.ok(part.size < full, "the unpack was too fast to be killed");
      Deno.kill(-child.pid, "SIGKILL");
      await child.status;
      await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.stdin.close()]);
      return part.folder;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function partlyUnpacked(
  home: string,
): Promise<{ folder: string; size: number } | undefined> {
  const name = (await unpacked(home).catch((): string[] => []))
    .find((name) => name.startsWith(".unpack-"));
  if (name === undefined) return undefined;
  const folder = join(runtimes(home), name);
  const size = await Deno.stat(join(folder, "deno")).then(({ size }) => size, () => 0);
  return { folder, size };
}

Deno.test("launcher repairs a damaged runtime below a running program", { ignore }, async () => {
  const home = await launcher.folder();
  const runtime = await runtimeFolder(home);
  const running = await startAgain(launcher.path, home);
  for (const file of ["app/program.js", "deno", lazyChunk(runtime)]) {
    const path = join(runtime, file);
    const cut = `${path}.cut`;
    await writeExecutable(cut, (await Deno.readFile(path)).slice(0, 100));
    await Deno.rename(cut, path);
    assert.equal(await launched(launcher.path, ["lazy"], home), LAZY);
  }
  await Deno.chmod(join(runtime, "deno"), 0o600);
  assert.equal(await launched(launcher.path, ["lazy"], home), LAZY);
  assert.equal(await running.goOn(), LAZY);
});

function lazyChunk(runtime: string): string {
  const chunk = [...Deno.readDirSync(join(runtime, "app"))]
    .find(({ name }) => name.startsWith("lazy"));
  assert.ok(chunk);
  return join("app", chunk.name);
}

Deno.test("launcher falls back when the home cannot be used", { ignore }, async () => {
  const temporary = await launcher.folder();
  const unusable = join(await launcher.folder(), "a file");
  await Deno.writeTextFile(unusable, "");
  for (const HOME of [unusable, undefined, "relative", ""]) {
    const env = { HOME, TMPDIR: temporary };
    const where = JSON.parse(await launched(launcher.path, ["where"], "", { env }));
    assert.ok(where.runtime.startsWith(join(await Deno.realPath(temporary), "sleap-rtc-")));
  }
  const [own] = await Array.fromAsync(Deno.readDir(temporary));
  assert.equal(((await Deno.stat(join(temporary, own?.name ?? ""))).mode ?? 0) & 0o777, 0o700);

  const env = { HOME: unusable, XDG_CACHE_HOME: unusable, TMPDIR: unusable };
  const { code, stderr } = await launch(launcher.path, ["where"], "", { env });
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot create ".*a file.*as a folder of our own/);
  assert.match(stderr, /\nhint: Set XDG_CACHE_HOME to a folder that you may write to/);
});

Deno.test("launcher does not trust a foreign link in the temporary folder", {
  ignore,
}, async () => {
  const temporary = await launcher.folder();
  const home = await launcher.folder();
  const env = { HOME: undefined, TMPDIR: temporary };
  const { runtime } = JSON.parse(await launched(launcher.path, ["where"], home, { env }));
  const own = dirname(dirname(dirname(runtime)));
  await Deno.rename(own, `${own}.real`);
  await Deno.symlink(`${own}.real`, own);
  const { code, stderr } = await launch(launcher.path, ["where"], home, { env });
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot create ".*" as a folder of our own\n/);
});

Deno.test("launcher uses XDG_CACHE_HOME", { ignore }, async () => {
  const env = { XDG_CACHE_HOME: join(await launcher.folder(), "not made yet") };
  const where = JSON.parse(
    await launched(launcher.path, ["where"], await launcher.folder(), { env }),
  );
  assert.ok(where.runtime.includes("/not made yet/sleap-rtc/runtime/"));
});

Deno.test("launcher says when a write fails, and leaves nothing half-made", {
  ignore,
}, async () => {
  const home = await launcher.folder();
  const limited = [`ulimit -f 20000; exec "$@"`, "sh", launcher.path, "--version"];
  const { code, stderr } = await launch("/bin/sh", ["-c", ...limited], home);
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot unpack to ".*", is the disk full\? \S.*\nhint: Free \d+ MB/);
  assert.deepEqual(await unpacked(home), []);
});

Deno.test("launcher says when its own file is incomplete or damaged", { ignore }, async () => {
  const home = await launcher.folder();
  const bytes = await Deno.readFile(launcher.path);
  const broken = join(await launcher.folder(), "broken");
  await writeExecutable(broken, bytes.slice(0, bytes.length / 2));
  const cut = await launch(broken, ["--version"], home);
  assert.equal(cut.code, 1);
  assert.match(cut.stderr, /^error: Cannot start ".*broken": it has \d+ of \d+ bytes\nhint: Copy/);

  for (const position of [bytes.length / 2, bytes.length - 8]) {
    const flipped = bytes.slice();
    flipped.set([0, 0, 0, 0], Math.floor(position));
    await writeExecutable(broken, flipped);
    const damaged = await launch(broken, ["--version"], home);
    assert.equal(damaged.code, 1);
    assert.match(
      damaged.stderr,
      /^error: Cannot start ".*broken": the file is damaged\nhint: Copy/,
    );
  }
  assert.deepEqual(await unpacked(home), []);
});
