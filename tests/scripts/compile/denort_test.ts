import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../../", import.meta.url);
const COMPILE = fileURLToPath(new URL("scripts/compile.ts", ROOT));
const CONFIG = fileURLToPath(new URL("deno.json", ROOT));
const DENORT = new URL("scripts/compile/denort.ts", ROOT);

async function deno(
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("compile refuses a DENORT_BIN that is not denort", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-denort-test-" });
  try {
    const output = join(folder, "sleap-rtc");
    const script = join(folder, "script");
    await Deno.writeTextFile(script, "#!/bin/sh\n", { mode: 0o755 });
    const impostors = [
      [Deno.execPath(), "the probe compiled with it is not the probe program"],
      [script, ""],
      [join(folder, "missing"), "Could not find denort at"],
    ] as const;
    for (const [denort, why] of impostors) {
      const { code, stderr } = await deno(
        ["run", "-A", `--config=${CONFIG}`, COMPILE, "--output", output],
        { DENORT_BIN: denort },
      );
      assert.equal(code, 2, stderr);
      assert.ok(stderr.startsWith(`error: Cannot use DENORT_BIN "${denort}" as denort`), stderr);
      assert.ok(stderr.includes(why), stderr);
      assert.match(stderr, /\nhint: Set DENORT_BIN to the denort of this Deno version/);
      assert.equal(stderr.trimEnd().split("\n").length, 2);
      await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("findDenort() gives up soon without a network, with the reason in one line", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-denort-test-" });
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr;
  try {
    const program = `import { findDenort } from ${JSON.stringify(DENORT.href)};
      Deno.stdout.writeSync(new TextEncoder().encode(
        JSON.stringify(await findDenort({ answerLimitMs: 200 }))));`;
    const proxy = `http://127.0.0.1:${port}`;
    const { stdout, stderr } = await deno(["eval", `--config=${CONFIG}`, program], {
      DENO_DIR: folder,
      HTTPS_PROXY: proxy,
      https_proxy: proxy,
      NO_PROXY: "",
      no_proxy: "",
    });
    const { usable, reason } = JSON.parse(stdout || stderr);
    assert.equal(usable, false);
    assert.match(reason, /^no answer from https:\S+ within 0\.2 s$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("compile says how it is used", async () => {
  const run = ["run", "-A", `--config=${CONFIG}`, COMPILE];
  const help = await deno([...run, "--help"], {});
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: deno task compile \[--output FILE\]/);
  const wrong = await deno([...run, "--nonsense"], {});
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^error: .*--nonsense.*\nhint: /);
});
