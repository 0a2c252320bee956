/**
 * `deno task test [OPTION OF DENO TEST]… [PATH]…`: every test that this machine can run. With
 * `CI=true` none may be skipped.
 *
 * The file is not called test.ts: a plain `deno test` would take it for a test and run everything
 * twice.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { messageOf } from "../lib/errors.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { ensureEngine } from "./engine.ts";
import { testArguments } from "./run_tests/arguments.ts";

const IS_CI = Deno.env.get("CI") === "true";

async function main(): Promise<number> {
  const engine = await findEngine();
  if (engine === null && IS_CI) return 1;
  const child = new Deno.Command(Deno.execPath(), {
    args: testArguments(Deno.args),
    env: engine === null ? {} : { SLEAP_RTC_SLEAP_NN: engine },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = await echo(child.stdout);
  const { code } = await child.status;
  return summarise(output, code);
}

async function findEngine(): Promise<string | null> {
  try {
    return await ensureEngine((line) => writeStderr(`${line}\n`));
  } catch (error) {
    writeStderr(`No sleap-nn, so no end-to-end tests: ${messageOf(error)}\n`);
    return null;
  }
}

/** Pass the output on as it comes; returns its end. */
async function echo(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let end = "";
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    writeStdout(text);
    end = (end + text).slice(-4_096);
  }
  return end;
}

function summarise(output: string, code: number): number {
  const count = (word: string) =>
    Number(new RegExp(`(\\d+) ${word}`).exec(lastLine(output))?.[1] ?? 0);
  const passed = count("passed");
  const failed = count("failed");
  const skipped = count("ignored");
  writeStdout(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  if (code !== 0 || failed > 0 || passed === 0) return code || 1;
  return IS_CI && skipped > 0 ? 1 : 0;
}

/** Deno's own summary: `ok | 120 passed (3 steps) | 0 failed | 2 ignored (12s)`. */
function lastLine(output: string): string {
  const lines = stripVTControlCharacters(output).split("\n");
  return lines.findLast((line) => line.includes(" passed")) ?? "";
}

Deno.exit(await main());
