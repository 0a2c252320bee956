import assert from "node:assert/strict";
import { join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";
import { ensureEngine } from "../../scripts/engine.ts";

const STAND_IN = new URL("engine/stand_in_python.sh", import.meta.url);
const NMS = "operator torchvision::nms does not exist";

Deno.test("engine: what SLEAP_RTC_SLEAP_NN names is checked once and remembered", async () => {
  await inMachine(async (machine) => {
    const path = await machine.executable("own/sleap-nn", 'echo "sleap-nn $1" >>"$LOG"');
    machine.env["SLEAP_RTC_SLEAP_NN"] = path;
    assert.equal(await machine.ensure(), path);
    assert.equal(await machine.ensure(), path);
    assert.deepEqual(await machine.log(), ["sleap-nn train"]);

    await Deno.utime(path, new Date(), new Date(2020, 1, 1));
    await machine.ensure();
    assert.deepEqual(await machine.log(), ["sleap-nn train", "sleap-nn train"]);
  });
});

Deno.test("engine: what SLEAP_RTC_SLEAP_NN names and cannot train is an error, and nothing else is tried", async () => {
  await inMachine(async (machine) => {
    await machine.executable("bin/sleap-nn", "exit 0");
    const path = await machine.executable(
      "own/sleap-nn",
      `echo "RuntimeError: ${NMS}" >&2; exit 1`,
    );
    machine.env["SLEAP_RTC_SLEAP_NN"] = path;
    await assert.rejects(machine.ensure(), (error: unknown) => {
      assert.ok(error instanceof SleapRtcError);
      assert.equal(
        error.message,
        `SLEAP_RTC_SLEAP_NN cannot train: "${path}": RuntimeError: ${NMS}`,
      );
      assert.match(error.hint ?? "", /^Its torchvision does not fit its torch/);
      return true;
    });
    assert.deepEqual(await machine.log(), []);
  });
});

Deno.test("engine: one on PATH is used; one that cannot train is named and passed over", async () => {
  await inMachine(async (machine) => {
    const onPath = await machine.executable("bin/sleap-nn", "exit 0");
    assert.equal(await machine.ensure(), onPath);
    await machine.executable("bin/sleap-nn", 'echo "ImportError: no torch" >&2; exit 1');
    await Deno.utime(onPath, new Date(), new Date(2020, 1, 1));
    assert.equal(await machine.ensure(), machine.engine);
    assert.ok(
      machine.lines.includes(`Not using "${onPath}", which cannot train: ImportError: no torch`),
      machine.lines.join("\n"),
    );
  });
});

Deno.test("engine: installs once, checks with a real import and is instant afterwards", async () => {
  await inMachine(async (machine) => {
    assert.equal(await machine.ensure(), machine.engine);
    assert.deepEqual(await machine.log(), ["venv", "pip", "sleap-nn train"]);
    assert.ok(!(await machine.hasShim()));
    assert.equal(await machine.ensure(), machine.engine);
    assert.deepEqual(await machine.log(), ["venv", "pip", "sleap-nn train"]);
  });
});

Deno.test("engine: declares torchvision's operators where a CPU torch misses them, and says so", async () => {
  await inMachine(async (machine) => {
    machine.env["WITHOUT_SHIM"] = NMS;
    assert.equal(await machine.ensure(), machine.engine);
    assert.ok(await machine.hasShim());
    assert.ok(machine.lines.some((line) => line.startsWith("torchvision is built for CUDA")));
  });
});

for (
  const [what, message, torch] of [
    ["a torch with CUDA", NMS, "13.0"],
    ["another failure", "libGL.so.1: cannot open shared object file", "cpu"],
  ] as const
) {
  Deno.test(`engine: ${what} gets no shim, and nothing that looks usable stays`, async () => {
    await inMachine(async (machine) => {
      Object.assign(machine.env, { WITHOUT_SHIM: message, TORCH: torch });
      await assert.rejects(machine.ensure(), {
        exitCode: 1,
        message: `The installed sleap-nn cannot train: RuntimeError: ${message}`,
      });
      await machine.assertNothingInstalled();
    });
  });
}

Deno.test("engine: a half-finished installation is noticed and made anew", async () => {
  await inMachine(async (machine) => {
    await machine.ensure();
    await Deno.remove(join(machine.folder, ".engine", "complete.json"));
    assert.equal(await machine.ensure(), machine.engine);
    assert.ok(machine.lines.some((line) => line.includes("is unfinished or outdated")));
    const [, , , ...second] = await machine.log();
    assert.deepEqual(second, ["venv", "pip", "sleap-nn train"]);
  });
});

Deno.test("engine: an installation that broke is made anew", async () => {
  await inMachine(async (machine) => {
    await machine.ensure();
    await machine.executable(".engine/venv/bin/sleap-nn", 'echo "ImportError: gone" >&2; exit 1');
    await Deno.utime(machine.engine, new Date(), new Date(2020, 1, 1));
    assert.equal(await machine.ensure(), machine.engine);
    assert.ok(machine.lines.some((line) => line.includes("is broken (ImportError: gone)")));
  });
});

Deno.test("engine: of two at once the second waits, says so and uses the first one's", async () => {
  await inMachine(async (machine) => {
    const gate = machine.env["GATE"] = join(machine.folder, "gate");
    const unpacking = Promise.withResolvers<void>();
    const first = machine.ensure((line) => {
      if (line.includes("unpacking")) unpacking.resolve();
    });
    await Promise.race([unpacking.promise, first]);
    const waiting = Promise.withResolvers<void>();
    const second = machine.ensure((line) => {
      if (line.startsWith("Waiting for another installation")) waiting.resolve();
    });
    await Promise.race([waiting.promise, second]);
    await Deno.writeTextFile(gate, "");
    assert.deepEqual(await Promise.all([first, second]), [machine.engine, machine.engine]);
    assert.deepEqual(await machine.log(), ["venv", "pip", "sleap-nn train"]);
  });
});

Deno.test("engine: without a network it says so and leaves nothing that looks usable", async () => {
  await inMachine(async (machine) => {
    Object.assign(machine.env, withoutIndex(), { PATH: Deno.env.get("PATH") });
    await Deno.remove(join(machine.folder, "bin"), { recursive: true });
    await assert.rejects(machine.ensure(), (error: unknown) => {
      assert.ok(error instanceof SleapRtcError);
      assert.equal(error.exitCode, 1);
      assert.match(error.message, /^Cannot install sleap-nn: the package index cannot be reached/);
      assert.match(error.hint ?? "", /^Check the network.*install\.log"\.$/);
      return true;
    });
    await machine.assertNothingInstalled();
    assert.match(
      await Deno.readTextFile(join(machine.folder, ".engine", "install.log")),
      /No matching distribution found/,
    );
  });
});

/** A machine with a stand-in for Python and nothing else that matters. */
interface Machine {
  folder: string;
  env: Record<string, string>;
  /** Where sleap-nn is installed. */
  engine: string;
  /** What {@linkcode ensureEngine} reported so far. */
  lines: string[];
  ensure: (onLine?: (line: string) => void) => Promise<string>;
  executable: (path: string, command: string) => Promise<string>;
  /** What the stand-ins were asked to do. */
  log: () => Promise<string[]>;
  hasShim: () => Promise<boolean>;
  assertNothingInstalled: () => Promise<void>;
}

async function inMachine(test: (machine: Machine) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.mkdir(join(folder, "bin"));
    await Deno.copyFile(STAND_IN, join(folder, "bin", "python3.13"));
    await Deno.chmod(join(folder, "bin", "python3.13"), 0o755);
    await test(machineIn(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function machineIn(folder: string): Machine {
  const engineFolder = join(folder, ".engine");
  const venv = join(engineFolder, "venv");
  const log = join(folder, "log");
  const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, LOG: log, TORCH: "cpu" };
  const lines: string[] = [];
  return {
    folder,
    env,
    lines,
    engine: join(venv, "bin", "sleap-nn"),
    ensure: (onLine = () => {}) => {
      const report = (line: string) => {
        lines.push(line);
        onLine(line);
      };
      return ensureEngine(report, { env, folder: engineFolder });
    },
    executable: async (path, command) => {
      const file = join(folder, path);
      await Deno.mkdir(join(file, ".."), { recursive: true });
      await Deno.writeTextFile(file, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
      return file;
    },
    log: async () => {
      const text = await Deno.readTextFile(log).catch(() => "");
      return text.split("\n").filter((line) => line !== "");
    },
    hasShim: () => exists(join(venv, "packages", "sleap_rtc_torchvision_shim.py")),
    assertNothingInstalled: async () => {
      assert.equal(await exists(venv), false);
      assert.equal(await exists(join(engineFolder, "complete.json")), false);
    },
  };
}

/** Settings under which pip finds nothing: an index that nobody serves. */
function withoutIndex(): Record<string, string> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return {
    PIP_CONFIG_FILE: "/dev/null",
    PIP_INDEX_URL: `http://127.0.0.1:${listener.addr.port}/simple`,
    PIP_RETRIES: "0",
    PIP_TIMEOUT: "2",
  };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
