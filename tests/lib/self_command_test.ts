import assert from "node:assert/strict";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runKind, selfCommand } from "../../lib/self_command.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("selfCommand() names this project's main.ts and deno.json when run from source", () => {
  assert.equal(runKind(), "source");
  const { command, args } = selfCommand(["supervise", "a folder"]);
  assert.equal(command, Deno.execPath());
  assert.equal(args[0], "run");
  assert.ok(args.includes(fileURLToPath(new URL("deno.json", ROOT))));
  assert.deepEqual(args.slice(-3), [
    fileURLToPath(new URL("main.ts", ROOT)),
    "supervise",
    "a folder",
  ]);
  assert.ok(args.filter((arg) => /\.(ts|json)$/.test(arg)).every((path) => isAbsolute(path)));
});

Deno.test("selfCommand() runs from any folder with the project's imports and lock", async () => {
  const project = await Deno.makeTempDir({ prefix: "sleap-rtc-self " });
  const elsewhere = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(project, "lib"));
    for (const file of ["deno.json", "deno.lock", "lib/self_command.ts"]) {
      await Deno.copyFile(new URL(file, ROOT), join(project, file));
    }
    await Deno.writeTextFile(
      join(project, "main.ts"),
      `import { Command } from "commander";
       import { selfCommand } from "./lib/self_command.ts";
       const text = JSON.stringify({ self: selfCommand(["x"]), args: Deno.args, type: typeof Command });
       Deno.stdout.writeSync(new TextEncoder().encode(text));`,
    );
    const config = join(project, "deno.json");
    const first = await run(elsewhere, {
      command: Deno.execPath(),
      args: ["run", "-A", "--config", config, join(project, "main.ts")],
    });
    const again = await run(elsewhere, first.self);
    assert.deepEqual(again, { self: first.self, args: ["x"], type: "function" });
  } finally {
    await Deno.remove(project, { recursive: true });
    await Deno.remove(elsewhere, { recursive: true });
  }
});

async function run(cwd: string, { command, args }: { command: string; args: string[] }) {
  const { stdout, stderr } = await new Deno.Command(command, { args, cwd, stdin: "null" }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("deno task sleap-rtc runs where the user stands", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap rtc " }));
  try {
    const { INIT_CWD: _, SLEAP_RTC_REGISTRY: __, ...env } = Deno.env.toObject();
    const task = ["task", "--config", fileURLToPath(new URL("deno.json", ROOT)), "sleap-rtc"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...task, "list-models", "--registry", "not a folder"],
      cwd: folder,
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "null",
    }).output();
    assert.equal(code, 0);
    const gone = `warning: there is no folder "${join(folder, "not a folder")}"\n`;
    assert.ok(new TextDecoder().decode(stderr).includes(gone));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
