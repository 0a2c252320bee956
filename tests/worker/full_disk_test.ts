import assert from "node:assert/strict";
import { join } from "node:path";
import { TrainingWorld } from "../support/training.ts";

/** A small file system of its own, which only root can make. */
class TinyDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mount(size: string): Promise<TinyDisk> {
    const path = await Deno.makeTempDir({ prefix: "sleap-rtc-disk-" });
    try {
      await run("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
      return new TinyDisk(path);
    } catch (error) {
      await Deno.remove(path);
      throw error;
    }
  }

  /** Leave not one byte. */
  async fill(): Promise<void> {
    using file = await Deno.open(join(this.path, "filler"), { write: true, create: true });
    for (const size of [65_536, 4_096, 1]) {
      while (await file.write(new Uint8Array(size)).then((n) => n > 0, () => false));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", [this.path]);
    await Deno.remove(this.path);
  }
}

/** Only root may mount, and not even root in most containers. */
async function canMount(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    await using _disk = await TinyDisk.mount("64k");
    return true;
  } catch {
    return false;
  }
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

const ignore = !(await canMount());

Deno.test({
  name: "a disk that fills up during an epoch: the job is booked out of its reserve",
  ignore,
  fn: async () => {
    await using disk = await TinyDisk.mount("8m");
    await using world = await TrainingWorld.create();
    const root = join(disk.path, "root");
    const { training, goOn } = await world.startPaused(["--registry", root, "--json"]);
    await disk.fill();
    await goOn();
    const { code, stdout, stderr } = await training.ended;
    assert.equal(code, 6, stderr);
    const [model] = JSON.parse(stdout).models;
    assert.equal(model.status, "interrupted");
    assert.equal(model.checkpoint.epoch, 0);
    const manifest = await Deno.readTextFile(join(root, "models/.registry/manifest.json"));
    assert.equal(JSON.parse(manifest).models[model.id].status, "interrupted");
  },
});

Deno.test({
  name: "a disk that is full from the start: exit 1 says so, nothing is half-written",
  ignore,
  fn: async () => {
    await using disk = await TinyDisk.mount("1m");
    await using world = await TrainingWorld.create();
    await disk.fill();
    const { code, stderr } = await world.train(["--registry", join(disk.path, "root")]);
    assert.equal(code, 1);
    assert.match(stderr, /^error: Cannot write ".*": no space left on the disk\nhint: Free some/m);
  },
});
