import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TrainingWorld } from "../support/training.ts";

const FILLS_UP = "a disk that fills up during an epoch: the job is booked out of its reserve";
const IS_FULL = "a disk that is full from the start: exit 1 says so, nothing is half-written";
const NAMESPACE = ["--user", "--map-root-user", "--mount"];

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

/** A user who may make namespaces is root in one of their own, and may mount there. */
async function canUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  return await run("unshare", [...NAMESPACE, "true"]).then(() => true, () => false);
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (success) return;
  throw new Error([stdout, stderr].map((text) => new TextDecoder().decode(text)).join("\n"));
}

const mayMount = await canMount();
const runsInNamespace = !mayMount && await canUnshare();

if (runsInNamespace) {
  Deno.test("the tests of a full disk, as root of a namespace", async () => {
    const deno = [Deno.execPath(), "test", "-A", fileURLToPath(import.meta.url)];
    await run("unshare", [...NAMESPACE, ...deno]);
  });
} else {
  Deno.test({ name: FILLS_UP, ignore: !mayMount, fn: diskFillsUp });
  Deno.test({ name: IS_FULL, ignore: !mayMount, fn: diskIsFull });
}

async function diskFillsUp(): Promise<void> {
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
}

async function diskIsFull(): Promise<void> {
  await using disk = await TinyDisk.mount("1m");
  await using world = await TrainingWorld.create();
  await disk.fill();
  const { code, stderr } = await world.train(["--registry", join(disk.path, "root")]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot write ".*": no space left on the disk\nhint: Free some/m);
}
