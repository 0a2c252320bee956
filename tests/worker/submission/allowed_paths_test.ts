import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { AllowedPaths } from "../../../worker/submission/allowed_paths.ts";
import { PathNotAllowedError, PathNotFoundError } from "../../../worker/submission/path_errors.ts";

/** A mount `a`, a folder `ab` beside it, a secret outside; removed at the end of its scope. */
class Bed implements AsyncDisposable {
  readonly folder: string;
  readonly allowed: AllowedPaths;

  private constructor(folder: string, mounts: readonly string[]) {
    this.folder = folder;
    this.allowed = new AllowedPaths(
      mounts.map((name) => join(folder, name)),
      join(folder, "uploads"),
    );
  }

  static async create(...mounts: string[]): Promise<Bed> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
    for (const name of ["a/sub", "ab", "outside"]) {
      await Deno.mkdir(join(folder, name), { recursive: true });
    }
    for (const name of ["a/x", "a/sub/y", "ab/x", "outside/secret"]) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    return new Bed(folder, mounts.length > 0 ? mounts : ["a"]);
  }

  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  async link(name: string, target: string): Promise<void> {
    await Deno.symlink(this.path(target), this.path(name));
  }

  /** Where a path leads, below the folder, or the class of the refusal. */
  async judge(path: string, baseDir = this.path("a")): Promise<unknown> {
    try {
      return (await this.allowed.resolve(path, "labels_path", baseDir)).slice(
        this.folder.length + 1,
      );
    } catch (error) {
      return (error as Error).constructor;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("inside a mount a path is resolved, outside it is refused", async () => {
  await using bed = await Bed.create();
  assert.equal(await bed.judge(bed.path("a/x")), "a/x");
  assert.equal(await bed.judge(bed.path("a")), "a", "the mount itself");
  assert.equal(await bed.judge(bed.path("a/sub/../x")), "a/x");
  assert.equal(await bed.judge(bed.path("a//sub/./y")), "a/sub/y");
  assert.equal(await bed.judge(bed.path("outside/secret")), PathNotAllowedError);
  assert.equal(await bed.judge(bed.path("ab/x")), PathNotAllowedError, "a prefix is no parent");
  assert.equal(await bed.judge(bed.path("a/../outside/secret")), PathNotAllowedError);
  assert.equal(await bed.judge(bed.folder), PathNotAllowedError, "the mount's parent");
  assert.equal(await bed.judge("/etc/passwd"), PathNotAllowedError);
});

Deno.test("relative paths begin in the given folder, which need not be allowed", async () => {
  await using bed = await Bed.create();
  assert.equal(await bed.judge("x"), "a/x");
  assert.equal(await bed.judge("sub/y"), "a/sub/y");
  assert.equal(await bed.judge("../outside/secret"), PathNotAllowedError);
  assert.equal(await bed.judge("x", bed.path("outside")), PathNotAllowedError);
  assert.equal(await bed.judge("../a/x", bed.path("outside")), "a/x");
});

Deno.test("links are followed before they are judged", async () => {
  await using bed = await Bed.create();
  await bed.link("a/out", "outside");
  await bed.link("a/secret", "outside/secret");
  await bed.link("ab/in", "a/x");
  assert.equal(await bed.judge(bed.path("a/out/secret")), PathNotAllowedError);
  assert.equal(await bed.judge(bed.path("a/secret")), PathNotAllowedError);
  assert.equal(await bed.judge(bed.path("ab/in")), "a/x", "a link into the mount");
});

Deno.test("a mount may be a link; what is missing below it is missing", async () => {
  await using bed = await Bed.create("mount");
  await bed.link("mount", "a");
  for (const name of ["mount/x", "a/x"]) assert.equal(await bed.judge(bed.path(name)), "a/x");
  assert.equal(await bed.judge(bed.path("mount/none")), PathNotFoundError);
  assert.equal(await bed.judge(bed.path("a/none")), PathNotFoundError);
});

Deno.test("missing inside: exit 3; outside nobody is told whether something is there", async () => {
  await using bed = await Bed.create();
  await bed.link("a/out", "outside");
  await bed.link("a/nowhere", "outside/none");
  for (const name of ["a/none", "a/none/deeper", "a/none/../other", "a/x/below-a-file"]) {
    assert.equal(await bed.judge(bed.path(name)), PathNotFoundError, name);
  }
  const outside = [
    "outside/none",
    "a/../outside/none",
    "a/none/../../outside/secret",
    "a/out/none",
    "a/out/../none",
    "a/nowhere",
    "a/nowhere/none",
  ];
  for (const name of outside) {
    assert.equal(await bed.judge(bed.path(name)), PathNotAllowedError, name);
  }
  const messageOf = (name: string) =>
    bed.allowed.resolve(bed.path(name), "labels_path", bed.folder).catch(({ message, hint }) =>
      `${message}\n${hint}`.replaceAll(name, "NAME")
    );
  assert.equal(await messageOf("outside/secret"), await messageOf("outside/none"));
});

Deno.test("a mount that is gone, or none at all, allows nothing", async () => {
  await using bed = await Bed.create("gone");
  assert.equal(await bed.judge(bed.path("gone/x")), PathNotAllowedError);
  assert.equal(await bed.judge(bed.path("a/x")), PathNotAllowedError);
  const nothing = new AllowedPaths([], "/no/such/uploads");
  await assert.rejects(nothing.resolve("/", "labels_path", "/"), PathNotAllowedError);
});

Deno.test("whatever the path, the answer is a file inside or one of the two refusals", async () => {
  await using bed = await Bed.create();
  await bed.link("a/out", "outside");
  await bed.link("a/loop", "a/loop");
  const part = fc.oneof(
    fc.constantFrom("..", ".", "", "a", "ab", "x", "sub", "y", "out", "loop", "outside", "secret"),
    fc.constantFrom("\0", "~", "%2e%2e", "..\\x", "x".repeat(300)),
  );
  const parts = fc.array(part, { maxLength: 8 });
  await fc.assert(fc.asyncProperty(parts, fc.boolean(), async (parts, isAbsolute) => {
    const path = isAbsolute ? bed.path(parts.join("/")) : parts.join("/");
    const judged = await bed.judge(path);
    const isRefused = judged === PathNotAllowedError || judged === PathNotFoundError;
    assert.ok(isRefused || /^a(?:\/|$)/.test(String(judged)), `${path}: ${judged}`);
  }));
});
