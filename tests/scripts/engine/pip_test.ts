import assert from "node:assert/strict";
import { join } from "node:path";
import { stepOf } from "../../../scripts/engine/pip.ts";

const PIP = new URL("../../../scripts/engine/pip.ts", import.meta.url);

/** Stands in for pip: says who it is and never ends by itself. */
const ENDLESS_PIP = `
import os, time
print("Installing collected packages: " + str(os.getpid()), flush=True)
time.sleep(600)
`;

Deno.test("stepOf() condenses pip's lines", () => {
  const text = (line: string) => stepOf(line)?.text;
  assert.equal(text("Collecting scipy<2,>=1.10 (from sleap-nn)"), "looking at scipy<2,>=1.10");
  assert.equal(
    text("  Downloading torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl (196.5 MB)"),
    "downloading torch-2.13.0+cpu (196.5 MB)",
  );
  assert.equal(
    text("Processing /opt/wheels/torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl"),
    "looking at torch-2.13.0+cpu",
  );
  assert.equal(
    text("Installing collected packages: wcwidth, torch, sleap-nn"),
    "unpacking 3 packages, about a minute",
  );
  assert.equal(
    text("WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by '…'"),
    "no connection to the package index, 4 more attempts",
  );
  assert.equal(stepOf("  Downloading rich-15.0.0-py3-none-any.whl.metadata (18 kB)"), null);
  assert.equal(stepOf("Requirement already satisfied: pip"), null);
});

Deno.test("stepOf() keeps only what takes long", () => {
  const brief = (line: string) => stepOf(line)?.brief;
  assert.equal(
    brief("Downloading https://index/numpy-2.4.6-cp311-cp311-linux.whl (16.9 MB)"),
    true,
  );
  assert.equal(brief("Downloading av-15.1.0-cp311-cp311-linux.whl (39.6 MB)"), false);
  assert.equal(brief("Downloading nvidia_cublas-13.1-py3-none-linux.whl (1.1 GB)"), false);
  assert.equal(brief("Collecting numpy"), true);
});

Deno.test("pipInstall(): pip ends with a process that was killed", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "pip"));
    await Deno.writeTextFile(join(folder, "pip", "__init__.py"), "");
    await Deno.writeTextFile(join(folder, "pip", "__main__.py"), ENDLESS_PIP);
    await Deno.writeTextFile(join(folder, "installer.ts"), installer(folder));
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-RWENS", "--allow-run", "--no-config", join(folder, "installer.ts")],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    await firstText(child.stdout);
    const pid = /: (\d+)/.exec(await Deno.readTextFile(join(folder, "log")))?.[1];
    assert.ok(pid !== undefined);
    child.kill("SIGKILL");
    await child.status;
    await gone(Number(pid));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function installer(folder: string): string {
  const options = { env: { PATH: Deno.env.get("PATH"), PYTHONPATH: folder }, log: `${folder}/log` };
  return `
    import { pipInstall } from ${JSON.stringify(PIP.href)};
    const onStep = () => console.log("started");
    await pipInstall("python3", ["a-package"], { ...${JSON.stringify(options)}, onStep });
  `;
}

async function firstText(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
}

async function gone(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (await isRunning(pid)) {
    assert.ok(performance.now() < deadline, `pip (${pid}) outlived its parent`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function isRunning(pid: number): Promise<boolean> {
  const command = new Deno.Command("ps", { args: ["-o", "stat=", "-p", `${pid}`] });
  const state = new TextDecoder().decode((await command.output()).stdout).trim();
  return state !== "" && !state.startsWith("Z");
}
