import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMESPACE = ["--user", "--map-root-user", "--mount"];

/** A small file system of its own, which only root can make. */
export class TinyDisk {
  /** Where it is mounted. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param size e.g. `64k` */
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

/** A test that needs a {@linkcode TinyDisk}. */
export interface DiskTest {
  name: string;
  fn: () => Promise<void>;
}

/**
 * Register tests that need small file systems. A user who is not root, but may make namespaces, is
 * root in one of their own: there the whole file is run again.
 *
 * @param file `import.meta.url` of the test file, which has no other tests
 */
export async function registerDiskTests(file: string, tests: readonly DiskTest[]): Promise<void> {
  const mayMount = await canMount();
  if (mayMount || !(await canUnshare())) {
    for (const { name, fn } of tests) Deno.test({ name, ignore: !mayMount, fn });
    return;
  }
  Deno.test(`as root of a namespace: ${tests.map(({ name }) => name).join("; ")}`, async () => {
    const deno = [Deno.execPath(), "test", "-A", fileURLToPath(file)];
    await run("unshare", [...NAMESPACE, ...deno]);
  });
}

async function canUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  return await run("unshare", [...NAMESPACE, "true"]).then(() => true, () => false);
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (success) return;
  throw new Error([stdout, stderr].map((text) => new TextDecoder().decode(text)).join("\n"));
}
