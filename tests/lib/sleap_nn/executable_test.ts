import assert from "node:assert/strict";
import { join } from "node:path";
import { NotFoundError } from "../../../lib/errors.ts";
import { findSleapNn } from "../../../lib/sleap_nn/executable.ts";

/** Ends with an error when it is started: finding must not start anything. */
const NEVER_START = "#!/bin/sh\nexit 99\n";

Deno.test("findSleapNn() prefers the variable to PATH, PATH to .engine, .engine to the home", async () => {
  await inTempFolder(async (folder) => {
    const env = {
      SLEAP_RTC_SLEAP_NN: join(folder, "named", "my-sleap-nn"),
      PATH: `${folder}/nothing-here:${folder}/path`,
      SLEAP_RTC_HOME: join(folder, "home"),
    };
    const named = await executable(env.SLEAP_RTC_SLEAP_NN);
    const onPath = await executable(join(folder, "path", "sleap-nn"));
    const engine = await executable(join(folder, ".engine", "venv", "bin", "sleap-nn"));
    await Deno.writeTextFile(join(folder, ".engine", "complete.json"), "{}");
    const home = await executable(join(folder, "home", "engine", "bin", "sleap-nn"));
    const find = async () => (await findSleapNn({ env, projectFolder: folder })).path;

    assert.equal(await find(), named);
    env.SLEAP_RTC_SLEAP_NN = "";
    assert.equal(await find(), onPath);
    await Deno.remove(onPath);
    assert.equal(await find(), engine);
    await Deno.remove(engine);
    assert.equal(await find(), home);
    await Deno.remove(home);
    await assert.rejects(find, {
      name: "NotFoundError",
      message: "sleap-nn was not found",
      hint: "Run `deno task engine` to install it, or set SLEAP_RTC_SLEAP_NN to its path.",
    });
  });
});

Deno.test("findSleapNn() takes a command name from SLEAP_RTC_SLEAP_NN", async () => {
  await inTempFolder(async (folder) => {
    const path = await executable(join(folder, "bin", "sleap-nn-0.3.5"));
    const env = { SLEAP_RTC_SLEAP_NN: "sleap-nn-0.3.5", PATH: join(folder, "bin") };
    assert.equal((await findSleapNn({ env })).path, path);
  });
});

Deno.test("findSleapNn() never takes another one than SLEAP_RTC_SLEAP_NN names", async () => {
  await inTempFolder(async (folder) => {
    await executable(join(folder, "sleap-nn"));
    const plain = join(folder, "notes.txt");
    await Deno.writeTextFile(plain, "not a program");
    for (const named of [join(folder, "absent"), plain, folder, "no-such-command"]) {
      const env = { SLEAP_RTC_SLEAP_NN: named, PATH: folder };
      await assert.rejects(findSleapNn({ env }), (error: unknown) => {
        assert.ok(error instanceof NotFoundError);
        assert.ok(error.message.startsWith(`SLEAP_RTC_SLEAP_NN names "${named}"`), error.message);
        return error.exitCode === 3;
      });
    }
  });
});

Deno.test("findSleapNn() overlooks files that cannot be executed and an unfinished engine", async () => {
  await inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "sleap-nn"), NEVER_START, { mode: 0o644 });
    await executable(join(folder, ".engine", "venv", "bin", "sleap-nn"));
    const env = { PATH: folder, SLEAP_RTC_HOME: folder };
    await assert.rejects(findSleapNn({ env, projectFolder: folder }), NotFoundError);
  });
});

Deno.test("findSleapNn() hints at pip where there is no project folder", async () => {
  await inTempFolder(async (folder) => {
    const env = { PATH: folder, SLEAP_RTC_HOME: folder };
    await assert.rejects(findSleapNn({ env, projectFolder: null }), {
      hint: "Install it with `pip install sleap-nn`, or set SLEAP_RTC_SLEAP_NN to its path.",
    });
  });
});

async function executable(path: string, content = NEVER_START): Promise<string> {
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeTextFile(path, content, { mode: 0o755 });
  return path;
}

async function inTempFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
