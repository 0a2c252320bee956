/** A launcher of the small test program, built once for a test file. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildLauncher } from "../../../scripts/compile/launcher.ts";
import { bareCommand, launched } from "./launched.ts";

/** What the program prints for `lazy`. */
export const LAZY = "loaded when needed by Deno";

/** A launcher in a temporary folder, which tests may use too. */
export class TestLauncher implements AsyncDisposable {
  /** Path of the launcher. */
  readonly path: string;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
    this.path = join(root, "sleap-rtc");
  }

  /** Build it. */
  static async build(): Promise<TestLauncher> {
    const launcher = new TestLauncher(
      await Deno.makeTempDir({ prefix: "sleap-rtc-launcher-" }),
    );
    const built = join(launcher.#root, "built");
    await buildTestLauncher(built);
    // Written by another process: a test beside this one that starts something at the same moment
    // would hold a file that this one writes, and Linux runs no file that is open for writing.
    const { success } = await new Deno.Command("cp", { args: [built, launcher.path] }).output();
    assert.ok(success);
    await Deno.remove(built);
    return launcher;
  }

  /** A new, empty folder. */
  async folder(): Promise<string> {
    return await Deno.makeTempDir({ dir: this.#root });
  }

  /** A home in which the launcher has run. */
  async warmHome(): Promise<string> {
    const home = join(this.#root, "warm home");
    await Deno.mkdir(home, { recursive: true });
    await launched(this.path, ["--version"], home);
    return home;
  }

  /** Remove it and all folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

/** Build a launcher of the test program, quickly. */
export async function buildTestLauncher(output: string): Promise<void> {
  await buildLauncher({
    entry: fileURLToPath(new URL("program.ts", import.meta.url)),
    config: fileURLToPath(new URL("../../../deno.json", import.meta.url)),
    output,
    level: 1,
  });
}

/** Start a program that, once told to go on, runs itself again and prints what that printed. */
export async function startAgain(executable: string, home: string): Promise<{
  goOn(): Promise<string>;
}> {
  const child = bareCommand(executable, ["again"], home, { cwd: "/" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await reader.read()).value, "started\n");
  return {
    async goOn() {
      const writer = child.stdin.getWriter();
      await writer.write(new Uint8Array([10]));
      await writer.close();
      const [{ value }, stderr, { code }] = await Promise.all([
        reader.read(),
        new Response(child.stderr).text(),
        child.status,
      ]);
      assert.equal(code, 0, stderr);
      await reader.cancel();
      return (value ?? "").trimEnd();
    },
  };
}
