import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const LOG = new URL("../../lib/log.ts", import.meta.url).href;

async function logged(call: string): Promise<{ stdout: string; stderr: string }> {
  const script = `import { logger, logToStderr } from ${JSON.stringify(LOG)}; ${call};` +
    `const log = logger("registry"); log.info("told"); log.warn("look at /data/{mouse}/}{");`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", CONFIG, script],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("library code logs nothing until it is told where to", async () => {
  assert.deepEqual(await logged(""), { stdout: "", stderr: "" });
});

Deno.test("a command's lines are plain, from the level on", async () => {
  const { stdout, stderr } = await logged('logToStderr("warning")');
  assert.equal(stderr, "warning: look at /data/{mouse}/}{\n");
  assert.equal(stdout, "");
});

Deno.test("a log file's lines have time, level and part", async () => {
  const { stderr } = await logged('logToStderr("info", { dated: true })');
  const [info, warning] = stderr.split("\n");
  assert.match(info ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO registry: told$/);
  assert.match(
    warning ?? "",
    /^\d{4}-\d\d-\d\dT[\d:.]+Z WARNING registry: look at \/data\/\{mouse\}\/\}\{$/,
  );
});

Deno.test("no line does anything to the terminal; a record of a log file is one line", async () => {
  const call = (options: string) =>
    `logToStderr("info", ${options}); logger("x").warn("a\\x1b[2J\\nb")`;
  assert.match((await logged(call("{}"))).stderr, /^warning: a\\x1b\[2J\nb\n/);
  assert.match((await logged(call("{ dated: true }"))).stderr, / x: a\\x1b\[2J\\nb\n/);
});
