import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { VERSION } from "../../lib/version.ts";
import { tryOut, VERSION_STEP } from "../../scripts/compile/try_out.ts";
import { bareCommand, copyExecutable, launch, launched } from "./compile/launched.ts";
import { buildTestLauncher, LAZY, startAgain, TestLauncher } from "./compile/test_launcher.ts";

const ignore = Deno.build.os === "windows";
let launcher: TestLauncher;

Deno.test.beforeAll(async () => {
  if (!ignore) launcher = await TestLauncher.build();
});

Deno.test.afterAll(async () => {
  await launcher?.[Symbol.asyncDispose]();
});

Deno.test("launcher runs the bundled program from an unpacked runtime", { ignore }, async () => {
  const home = await launcher.folder();
  const cwd = await launcher.folder();
  assert.equal(await launched(launcher.path, ["--version"], home, { cwd }), VERSION);
  const where = JSON.parse(await launched(launcher.path, ["where"], home, { cwd }));
  assert.equal(where.kind, "launcher");
  assert.match(where.runtime, /\/\.cache\/sleap-rtc\/runtime\/[0-9a-f]{16}\/deno$/);
  assert.equal(where.cwd, await Deno.realPath(cwd));
  assert.equal(where.environment.DENO_NO_UPDATE_CHECK, "1");
  assert.deepEqual(await Array.fromAsync(Deno.readDir(cwd)), []);
});

Deno.test("launcher loads lazy modules, JSON and CommonJS packages", { ignore }, async () => {
  const home = await launcher.warmHome();
  assert.equal(await launched(launcher.path, ["lazy"], home), LAZY);
  assert.equal(await launched(launcher.path, ["common-js"], home), `[{"a":1},"function"]`);
});

Deno.test("launcher loads werift and connects two peers", { ignore }, async () => {
  assert.equal(await launched(launcher.path, ["connect"], await launcher.warmHome()), "connected");
});

Deno.test("launcher has the same bytes when built again", { ignore }, async () => {
  const second = join(await launcher.folder(), "sleap-rtc");
  await buildTestLauncher(second);
  assert.deepEqual(await Deno.readFile(second), await Deno.readFile(launcher.path));
});

Deno.test("launcher passes arguments through unchanged", { ignore }, async () => {
  const words = ["two words", "", `"'\\$HOME\`x\``, "line\nbreak\n", "--version", "*", "-R", "ä"];
  const printed = await launched(launcher.path, ["arguments", ...words], await launcher.warmHome());
  assert.deepEqual(JSON.parse(printed), words);
});

Deno.test("launcher passes standard input through, also at the first start", {
  ignore,
}, async () => {
  const stdin = "first line\nsecond line";
  assert.equal(await launched(launcher.path, ["copy"], await launcher.folder(), { stdin }), stdin);
  assert.equal(
    await launched(launcher.path, ["copy"], await launcher.warmHome(), { stdin }),
    stdin,
  );
});

Deno.test("launcher keeps the variables of the user", { ignore }, async () => {
  const env = { name: "a b", id: "x", files: "y", root: "z", IFS: ":", why: "w", DENO_DIR: "/q" };
  const where = JSON.parse(
    await launched(launcher.path, ["where"], await launcher.warmHome(), { env }),
  );
  const { name, id, files, root, why } = where.environment;
  assert.deepEqual({ name, id, files, root, why }, {
    name: "a b",
    id: "x",
    files: "y",
    root: "z",
    why: "w",
  });
});

Deno.test("launcher gives back the exit code", { ignore }, async () => {
  assert.equal((await launch(launcher.path, ["exit", "0"], await launcher.warmHome())).code, 0);
  assert.equal((await launch(launcher.path, ["exit", "7"], await launcher.warmHome())).code, 7);
});

Deno.test("launcher is replaced by the program, which gets the signals", { ignore }, async () => {
  for (const [signal, code] of [["SIGTERM", 42], ["SIGKILL", 137]] as const) {
    const child = bareCommand(launcher.path, ["wait"], await launcher.warmHome()).spawn();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), `waiting ${child.pid}\n`);
    Deno.kill(child.pid, signal);
    assert.equal((await child.status).code, code);
    await Promise.all([reader.cancel(), child.stderr.cancel(), child.stdin.close()]);
  }
});

Deno.test("launcher works from a path with spaces, by symlink and by PATH", {
  ignore,
}, async () => {
  const home = await launcher.warmHome();
  const place = join(await launcher.folder(), "a place with 'quotes' and spaces");
  await Deno.mkdir(place);
  const copy = join(place, "my sleap rtc");
  await copyExecutable(launcher.path, copy);
  const link = join(place, "link");
  await Deno.symlink("my sleap rtc", link);
  const cold = await launcher.folder();
  assert.equal(await launched(copy, ["lazy"], await launcher.folder(), { cwd: "/" }), LAZY);
  assert.equal(await launched(link, ["lazy"], cold, { cwd: "/" }), LAZY);
  for (const [path, cwd] of [[`${place}:/usr/bin:/bin`, "/"], [".:/usr/bin:/bin", place]]) {
    const shell = [`exec "$@"`, "sh", "link", "lazy"];
    const options = { env: { PATH: path }, ...(cwd === undefined ? {} : { cwd }) };
    assert.equal(
      await launched("/bin/sh", ["-c", ...shell], await launcher.folder(), options),
      LAZY,
    );
    assert.equal(await launched("/bin/sh", ["-c", ...shell], home, options), LAZY);
  }
});

Deno.test("launcher ignores Deno and npm configuration around the user", { ignore }, async () => {
  const cwd = await launcher.folder();
  for (const name of ["deno.json", "package.json", "deno.lock", ".npmrc", "import_map.json"]) {
    await Deno.writeTextFile(join(cwd, name), "{ broken");
  }
  assert.equal(await launched(launcher.path, ["lazy"], await launcher.warmHome(), { cwd }), LAZY);
});

Deno.test("selfCommand() starts a launched program after the launcher was deleted", {
  ignore,
}, async () => {
  const home = await launcher.warmHome();
  const copy = join(await launcher.folder(), "sleap-rtc");
  await copyExecutable(launcher.path, copy);
  const running = await startAgain(copy, home);
  await Deno.remove(copy);
  assert.equal(await running.goOn(), LAZY);
});

Deno.test("tryOut() runs an executable alone in a folder", { ignore }, async () => {
  const lines: string[] = [];
  await tryOut(launcher.path, [VERSION_STEP, {
    name: "folder",
    run: (executable, folder) => {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      return Promise.resolve(`${basename(executable)} in ${names.join(" ")}`);
    },
  }], (line) => lines.push(line));
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", new RegExp(`^--version: ${VERSION} \\(\\d+\\.\\d s\\)$`));
  assert.match(lines[1] ?? "", /^folder: sleap-rtc in home sleap-rtc /);

  const impostor = join(await launcher.folder(), "impostor");
  await Deno.writeTextFile(impostor, "#!/bin/sh\necho deno 2.9.6\n", { mode: 0o755 });
  await assert.rejects(
    tryOut(impostor, [VERSION_STEP], () => {}),
    /does not print its version.*deno 2/,
  );
});
