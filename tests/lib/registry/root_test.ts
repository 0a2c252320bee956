import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RegistryRoot, RootSearch } from "../../../lib/registry/root.ts";

const MODULE = new URL("../../../lib/registry/root.ts", import.meta.url).href;
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

/** A folder `lab` with a registry, `lab/deep/er` without; removed at the end of its scope. */
class Places {
  readonly top: string;
  readonly lab: string;
  readonly deep: string;

  private constructor(top: string) {
    this.top = top;
    this.lab = join(top, "lab");
    this.deep = join(this.lab, "deep/er");
  }

  static async make(): Promise<Places> {
    const places = new Places(await Deno.realPath(await Deno.makeTempDir()));
    await Deno.mkdir(places.deep, { recursive: true });
    await Deno.mkdir(join(places.lab, "models/.registry"), { recursive: true });
    return places;
  }

  /** In a process of its own: folder and environment belong to all tests of this one. */
  async find(
    search: RootSearch,
    cwd: string,
    env: Record<string, string> = {},
  ): Promise<RegistryRoot> {
    const script = `const { findRegistryRoot } = await import(${JSON.stringify(MODULE)});` +
      `console.log(JSON.stringify(await findRegistryRoot(${JSON.stringify(search)})));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--config", CONFIG, script],
      cwd,
      env: { SLEAP_RTC_REGISTRY: "", SLEAP_RTC_HOME: join(this.top, "home"), ...env },
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.top, { recursive: true });
  }
}

Deno.test("findRegistryRoot() takes the option before the environment before looking", async () => {
  await using places = await Places.make();
  const env = { SLEAP_RTC_REGISTRY: join(places.top, "named") };
  assert.deepEqual(await places.find({ option: "../there" }, places.lab, env), {
    path: join(places.top, "there"),
    found: "option",
  });
  assert.deepEqual(await places.find({ createInCwd: true }, places.lab, env), {
    path: join(places.top, "named"),
    found: "environment",
  });
  const relative = { SLEAP_RTC_REGISTRY: "sub" };
  assert.equal((await places.find({}, places.lab, relative)).path, join(places.lab, "sub"));
});

Deno.test("findRegistryRoot() looks upwards, also for commands that train", async () => {
  await using places = await Places.make();
  const nearest = { path: places.lab, found: "nearest" };
  assert.deepEqual(await places.find({}, places.deep), nearest);
  assert.deepEqual(await places.find({ createInCwd: true }, places.deep), nearest);
  await Deno.mkdir(join(places.deep, "models/.registry"), { recursive: true });
  assert.equal((await places.find({}, places.deep)).path, places.deep);
});

Deno.test("findRegistryRoot() finds models whose registry's folder was deleted", async () => {
  await using places = await Places.make();
  await Deno.remove(join(places.lab, "models/.registry"));
  assert.equal((await places.find({}, places.deep)).found, "home", "no models, no root");
  await Deno.mkdir(join(places.lab, "models/centroid_aaaa0001"));
  await Deno.writeTextFile(join(places.lab, "models/centroid_aaaa0001/model.json"), "{}");
  assert.deepEqual(await places.find({}, places.deep), { path: places.lab, found: "nearest" });
});

Deno.test("findRegistryRoot() without any root: here for a training, at home for others", async () => {
  await using places = await Places.make();
  assert.deepEqual(await places.find({ createInCwd: true }, places.top), {
    path: places.top,
    found: "new",
  });
  const home = { path: join(places.top, "home"), found: "home" };
  assert.deepEqual(await places.find({}, places.top), home);
  await Deno.mkdir(join(places.top, "models"));
  await Deno.writeTextFile(join(places.top, "models/.registry"), "a file is no registry");
  assert.deepEqual(await places.find({}, places.top), home);
});
