import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { ConflictError } from "../../../lib/errors.ts";
import { FileLock } from "../../../lib/files/lock.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { RegistryBed } from "../../support/registry.ts";

const SCRIPT = fileURLToPath(new URL("../../support/register_many.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const KILLS = Deno.env.get("SLEAP_RTC_LONG") ? 500 : 25;

function registerMany(folder: string, prefix: string, count: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", CONFIG, SCRIPT, folder, prefix, String(count)],
    stdout: "piped",
  }).spawn();
}

async function output(child: Deno.ChildProcess): Promise<string[]> {
  const text = await new Response(child.stdout).text();
  await child.status;
  return text.split("\n").slice(0, -1);
}

Deno.test("4.3.3 two processes registering 200 models each: 400 entries, every moment readable", async () => {
  await using bed = await RegistryBed.create();
  const children = ["one", "two"].map((prefix) => output(registerMany(bed.folder, prefix, 200)));
  let isDone = false;
  const reading = (async () => {
    let reads = 0;
    let models = 0;
    while (!isDone) {
      const path = join(bed.folder, "models/.registry/manifest.json");
      assert.doesNotThrow(() => JSON.parse(Deno.readTextFileSync(path)));
      const { length } = await bed.registry.list();
      assert.ok(length >= models, `${models} models, then ${length}`);
      models = length;
      reads++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return reads;
  })();
  const ids = (await Promise.all(children)).flat();
  isDone = true;
  assert.ok(await reading > 10);
  assert.equal(new Set(ids).size, 400);
  const registry = await ModelRegistry.open(bed.folder);
  const entries = await registry.list();
  assert.deepEqual(entries.map(({ id }) => id).sort(), ids.sort());
  assert.equal(new Set(entries.map(({ run_name }) => run_name)).size, 400);
});

Deno.test("4.3.3 one process with many changes at once loses none", async () => {
  await using bed = await RegistryBed.create();
  const models = Array.from({ length: 40 }, () => ({ id: "aaaaaaaa", model_type: "centroid" }));
  const ids = await Promise.all(models.map((model) => bed.add(model)));
  assert.equal(new Set(ids).size, 40);
  assert.equal((await bed.registry.list()).length, 40);
});

Deno.test("4.3.3 a change is made on what the file says, though it looks like the one known", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaaaaaa", model_type: "centroid", notes: "old" });
  const path = join(bed.folder, "models/.registry/manifest.json");
  const { atime, mtime } = await Deno.stat(path);
  assert.ok(atime && mtime);
  // As where times are kept in seconds (ext3, NFS, HFS+) and a freed inode is given out again.
  const text = (await Deno.readTextFile(path)).replace('"notes": "old"', '"notes": "new"');
  await Deno.writeTextFile(path, text);
  await Deno.utime(path, atime, mtime);
  await bed.registry.markCompleted("aaaaaaaa", {});
  assert.equal((await bed.registry.get("aaaaaaaa"))?.notes, "new");
});

Deno.test("4.3.3 a lock held for 10 s is told with pid and host, one held longer is an error", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: "aaaaaaaa", model_type: "centroid" });
  using log = new CapturedLog();
  using _lock = await FileLock.acquire(join(bed.folder, "models/.registry/manifest.lock"));
  const { now } = performance;
  let looks = 0;
  performance.now = () => 4_000 * looks++;
  try {
    await assert.rejects(bed.registry.markCompleted("aaaaaaaa", {}), ConflictError);
  } finally {
    performance.now = now;
  }
  const holder = `held by process ${Deno.pid} on ${hostname()}`;
  const told = log.lines.filter((line) => line.startsWith("warning: waiting for"));
  assert.equal(told.length, 1);
  assert.ok(told[0]?.endsWith(holder), told[0]);
  assert.equal((await bed.registry.get("aaaaaaaa"))?.status, "training", "reading needs no lock");
});

Deno.test(`1.3.7 killed with SIGKILL at ${KILLS} random moments: nothing acknowledged is lost`, async () => {
  await using bed = await RegistryBed.create();
  const seed = Date.now() % 2 ** 31;
  const delays = fc.sample(fc.double({ min: 0, max: 60, noNaN: true }), { seed, numRuns: KILLS });
  const acknowledged: string[] = [];
  for (const [round, delay] of delays.entries()) {
    const child = registerMany(bed.folder, `round ${round}`, 1_000);
    acknowledged.push(...await killedAfter(child, delay));
    const registry = await ModelRegistry.open(bed.folder);
    const ids = new Set((await registry.list()).map(({ id }) => id));
    const lost = acknowledged.filter((id) => !ids.has(id));
    assert.deepEqual(lost, [], `lost in round ${round}, seed ${seed}`);
    JSON.parse(await Deno.readTextFile(join(bed.folder, "models/.registry/manifest.json")));
  }
  assert.ok(acknowledged.length >= KILLS, "the children were killed while they worked");
  await bed.add({ id: "ffffffff", model_type: "centroid" });
  for await (const { name } of Deno.readDir(join(bed.folder, "models/.registry"))) {
    assert.ok(!name.endsWith(".tmp"), `${name} is left over, seed ${seed}`);
    assert.ok(!name.includes("corrupted"), `${name} was damaged, seed ${seed}`);
  }
});

/** Lines that a child printed until it was killed, some milliseconds after its first one. */
async function killedAfter(child: Deno.ChildProcess, ms: number): Promise<string[]> {
  const decoder = new TextDecoder();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | null = null;
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    timer ??= setTimeout(() => child.kill("SIGKILL"), ms);
  }
  await child.status;
  return text.split("\n").slice(0, -1);
}

Deno.test({
  name: "1.3.3 the lock file is deleted during a change: what another program wrote stays",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using bed = await RegistryBed.create();
    await bed.add({ id: "aaaaaaaa", model_type: "centroid" });
    let calls = 0;
    await bed.registry.update("aaaaaaaa", (entry) => {
      if (++calls === 1) {
        Deno.removeSync(join(bed.folder, "models/.registry/manifest.lock"));
        registerInAnotherProcess(bed.folder);
      }
      return { ...entry, notes: "changed" };
    });
    assert.equal(calls, 2, "made again, on the newest version");
    assert.equal((await bed.registry.get("10000000"))?.run_name, "other 0");
    assert.equal((await bed.registry.get("aaaaaaaa"))?.notes, "changed");
  },
});

function registerInAnotherProcess(root: string): void {
  const args = ["run", "-A", "--config", CONFIG, SCRIPT, root, "other", "1"];
  const { success } = new Deno.Command(Deno.execPath(), { args }).outputSync();
  assert.ok(success);
}
