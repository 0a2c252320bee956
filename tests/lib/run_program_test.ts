import assert from "node:assert/strict";
import { runProgram } from "../../lib/run_program.ts";

Deno.test("runProgram() gives the output and the exit code", async () => {
  const result = await runProgram("sh", ["-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual(result, { code: 3, timedOut: false, stdout: "out\n", stderr: "err\n" });
});

Deno.test("runProgram() replaces the environment", async () => {
  const env = { PATH: Deno.env.get("PATH") ?? "", GREETING: "hello" };
  const { stdout } = await runProgram("sh", ["-c", "echo $GREETING $HOME"], { env });
  assert.equal(stdout, "hello\n");
});

Deno.test("runProgram() kills a program whose time is up and keeps what it printed", async () => {
  const script = "echo started; exec sleep 60";
  const result = await runProgram("sh", ["-c", script], { timeoutMs: 300 });
  assert.deepEqual(result, { code: null, timedOut: true, stdout: "started\n", stderr: "" });
});

Deno.test("runProgram() gives no exit code for a program that someone else killed", async () => {
  const result = await runProgram("sh", ["-c", "kill -9 $$"]);
  assert.equal(result.code, null);
  assert.equal(result.timedOut, false);
});
