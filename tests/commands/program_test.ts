import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../lib/version.ts";
import { type CliResult, runCli } from "../support/cli.ts";
import { RegistryBed } from "../support/registry.ts";

async function cli(...args: string[]): Promise<CliResult> {
  const folder = await Deno.makeTempDir();
  try {
    return await runCli(args, { cwd: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("--version prints the version", async () => {
  assert.deepEqual(await cli("--version"), { code: 0, stdout: `${VERSION}\n`, stderr: "" });
});

Deno.test("--help and help go to stdout, exit 0, and do not show what is for our own use", async () => {
  for (const args of [["--help"], ["help"], ["-h"]]) {
    const { code, stdout, stderr } = await cli(...args);
    assert.equal(code, 0);
    assert.match(stdout, /list-models/);
    assert.doesNotMatch(stdout, /supervise/);
    assert.equal(stderr, "");
  }
});

Deno.test("every command has help on stdout, exit 0", async () => {
  const names = [
    ...["train", "jobs", "worker", "list-models", "model-info", "abandon-model", "registry"],
    ...["serve", "join", "invite", "status"],
  ];
  const jobs = ["list", "attach", "logs", "stop", "finish", "cancel"].map((name) => ["jobs", name]);
  const registry = ["model-id", "stats"].map((name) => ["registry", name]);
  const commands = [...names.map((name) => [name]), ...jobs, ...registry];
  for (const command of commands) {
    const { code, stdout } = await cli(...command, "--help");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: sleap-rtc ${command.join(" ")} `));
    assert.doesNotMatch(stdout, /default: \[/, "no list as the program writes it");
    const looksHere = ["jobs list", "jobs stop", "list-models"].includes(command.join(" "));
    if (looksHere) assert.match(stdout, /--room[^-]+\(default: this machine\)/);
  }
});

Deno.test("no command at all shows the help, exit 2", async () => {
  const { code, stderr } = await cli();
  assert.equal(code, 2);
  assert.match(stderr, /Usage: sleap-rtc[^]*Begin with: sleap-rtc train --help/);
});

Deno.test("an unknown command or option: exit 2, did you mean", async () => {
  const command = await cli("list-model");
  assert.equal(command.code, 2);
  assert.match(command.stderr, /^error: unknown command 'list-model'\nhint: Did you mean/);
  const option = await cli("list-models", "--stats", "completed");
  assert.equal(option.code, 2);
  assert.match(option.stderr, /^error: unknown option '--stats'\nhint: Did you mean --status\?/);
  assert.equal(option.stdout, "");
});

Deno.test("every wrong usage ends with what to do", async () => {
  const hints: [args: string[], hint: string][] = [
    [["models"], "See sleap-rtc --help"],
    [["--nope"], "See sleap-rtc --help"],
    [["model-info"], "See sleap-rtc model-info --help"],
    [["list-models", "extra"], "See sleap-rtc list-models --help"],
    [["list-models", "--sort"], "See sleap-rtc list-models --help"],
    [["registry", "model-id"], "See sleap-rtc registry model-id --help"],
    [["registry", "modelid"], "Did you mean model-id?"],
  ];
  for (const [args, hint] of hints) {
    const { code, stdout, stderr } = await cli(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^error: .*\nhint: .*\n$/);
    assert.ok(stderr.endsWith(`hint: ${hint}\n`), stderr);
  }
});

Deno.test("help for a command that does not exist: exit 2, did you mean", async () => {
  for (const args of [["list-model", "--help"], ["help", "list-model"]]) {
    const { code, stdout, stderr } = await cli(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^error: unknown command 'list-model'\nhint: Did you mean list-models\?/);
  }
});

Deno.test("a wrong value of an option: exit 2 says what is allowed", async () => {
  const status = await cli("list-models", "--status", "done");
  assert.equal(status.code, 2);
  assert.match(status.stderr, /'done' is invalid\nhint: Allowed choices are training, completed/);
  const epochs = await cli("train", "--local", "--max-epochs", "0");
  assert.equal(epochs.code, 2);
  assert.match(epochs.stderr, /A whole number of at least 1 is needed/);
});

Deno.test("options may be spelled with underscores", async () => {
  const { code, stdout } = await cli("list-models", "--model_type=centroid", "--json");
  assert.equal(code, 0);
  assert.equal(stdout, "[]\n");
});

Deno.test("--debug shows where an error came from", async () => {
  const { code, stderr } = await cli("model-info", "aaaa0001", "--debug");
  assert.equal(code, 3);
  assert.match(stderr, /NotFoundError[^]*at /);
});

Deno.test("an empty value of an option: exit 2, not the same as leaving it out", async () => {
  const wrong: [args: string[], option: string][] = [
    [["list-models", "--registry", ""], "--registry <dir>"],
    [["list-models", "--search="], "--search <text>"],
    [["train", "--local", "--run-name", ""], "--run-name <name>"],
    [["train", "--local", "--config", "a.yaml", "--config", ""], "-c, --config <file>"],
    [["registry", "model-id", "a.yaml", "--labels", ""], "--labels <file>"],
  ];
  for (const [args, option] of wrong) {
    const { code, stdout, stderr } = await cli(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.equal(
      stderr,
      `error: Option '${option}' has an empty value\nhint: Give a value, or leave the option out\n`,
    );
  }
  assert.match((await cli("list-models", "--status", "")).stderr, /'' is invalid\nhint: Allowed/);
});

Deno.test("--debug shows all log lines, with time and part", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaa0001", model_type: "centroid" });
  const manifest = join(bed.folder, "models/.registry/manifest.json");
  await Deno.writeTextFile(manifest, "{");
  const { stderr } = await runCli(["list-models", "--debug"], { cwd: bed.folder });
  assert.match(stderr, /^\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ registry: /m);
});

Deno.test("errors keep what others wrote away from the terminal", async () => {
  const { code, stderr } = await cli("model-info", "\x1b[2Jmouse", "--debug");
  assert.equal(code, 3);
  assert.match(stderr, /^error: No model "\\x1b\[2Jmouse" in this registry\nhint: /m);
  assert.ok(!stderr.includes("\x1b"));
  assert.ok(!(await cli("\x1b[2Jmouse")).stderr.includes("\x1b"));
});

/** What is seen of a pipeline whose reader has gone before anything is written. */
async function intoClosedPipe(args: string, cwd: string): Promise<CliResult> {
  const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const run = `"$0" run -A --config '${config}' '${main}' ${args}`;
  const command = `{ read -r _ < go; ${run}; echo "code $?" >&2; } | { exec 0<&-; echo > go; }`;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `mkfifo go && ${command}`, Deno.execPath()],
    cwd,
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("a reader that went away early: exit 141 as of coreutils, no error text", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaa0001", model_type: "centroid" });
  for (const args of ["list-models", "model-info aaaa --json", "--help"]) {
    const { stderr } = await intoClosedPipe(args, bed.folder);
    assert.equal(stderr.replace(/^registry: .*\n/, ""), "code 141\n", args);
    await Deno.remove(join(bed.folder, "go"));
  }
});
