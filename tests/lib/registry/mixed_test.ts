/** Many processes that change one registry in every way, read all the while, or killed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type ModelEntry, ModelRegistry } from "../../../lib/registry.ts";
import { RegistryBed } from "../../support/registry.ts";
import { type KnownModel, knownOf } from "../../support/registry_oracle.ts";
import { type Announcement, SHARED } from "../../support/registry_worker.ts";

const SCRIPT = fileURLToPath(new URL("../../support/registry_worker.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const PROCESSES = 8;
const ROUNDS = Deno.env.get("SLEAP_RTC_LONG") ? 200 : 8;

function start(folder: string, name: string, count: number, seed: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", CONFIG, SCRIPT, folder, name, String(count), String(seed)],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What processes have said that they did, added up. */
class Claims {
  /** By ID, what its model must be; more than one where a killed process may have made a change. */
  readonly models = new Map<string, KnownModel[]>();
  /** How often the shared model was counted in, and how often it may have been besides. */
  counted = 0;
  uncertain = 0;
  acknowledged = 0;

  /** Add all that one process has printed. */
  add(text: string): void {
    const lines = text.split("\n").slice(0, -1)
      .map((line): Announcement | { done: true } => JSON.parse(line));
    lines.forEach((line, index) => {
      if ("done" in line) this.acknowledged++;
      else this.#add(line, lines.slice(index + 1).some((later) => "done" in later));
    });
  }

  #add({ id, after }: Announcement, isDone: boolean): void {
    if (id === SHARED) isDone ? this.counted++ : this.uncertain++;
    else if (id !== null && after !== null) {
      const before = isDone ? [] : this.models.get(id) ?? [];
      this.models.set(id, [...before, after]);
    }
  }

  /** The registry has all of it. */
  async assertIn(folder: string, when: string): Promise<void> {
    const registry = await ModelRegistry.open(folder);
    const entries = new Map((await registry.list()).map((entry) => [entry.id, entry]));
    for (const [id, allowed] of this.models) {
      const entry = entries.get(id);
      assert.ok(entry, `${id} is lost, ${when}`);
      const found = JSON.stringify(knownOf(entry));
      const expected = allowed.map((one) => JSON.stringify(one));
      assert.ok(expected.includes(found), `${id} is ${found}, not ${expected}, ${when}`);
    }
    const count = Number(entries.get(SHARED)?.["count"] ?? 0);
    const { counted, uncertain } = this;
    assert.ok(count >= counted && count <= counted + uncertain, `${counted} ${count}, ${when}`);
  }
}

/** What must be so at every moment: one read is one whole version of the file. */
function assertConsistent(text: string): number {
  const { models, aliases, interrupted } = JSON.parse(text);
  const entries = Object.values<ModelEntry>(models);
  assert.deepEqual(
    new Map(Object.entries(aliases)),
    new Map(entries.flatMap(({ id, alias }) => alias ? [[alias, id]] : [])),
  );
  const broken = entries.filter(({ status }) => status === "interrupted").map(({ id }) => id);
  assert.deepEqual(interrupted.toSorted(), broken.sort());
  return entries.length;
}

/** Read the file and the registry until told to stop; how often that was. */
async function readUntil(folder: string, isDone: () => boolean): Promise<number> {
  const registry = await ModelRegistry.open(folder);
  const path = join(folder, "models/.registry/manifest.json");
  let reads = 0;
  for (let models = 0; !isDone(); reads++) {
    const now = assertConsistent(await Deno.readTextFile(path));
    assert.ok(now >= models, `${models} models, then ${now}`);
    models = (await registry.list()).length;
    assert.ok(models >= now, `${now} in the file, then ${models} listed`);
  }
  return reads;
}

async function assertNoRemains(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(join(folder, "models/.registry"))) {
    assert.doesNotMatch(name, /\.tmp$|corrupted/);
  }
}

Deno.test("4.3.3, MX5 8 processes making 100 mixed changes each: nothing is lost, every moment consistent", async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: SHARED, model_type: "centroid" });
  const seed = Date.now() % 2 ** 31;
  const children = Array.from(
    { length: PROCESSES },
    (_, n) => start(bed.folder, `p${n}`, 100, seed + n),
  );
  let isDone = false;
  const readers = [1, 2].map(() => readUntil(bed.folder, () => isDone));
  const outputs = await Promise.all(children.map((child) => child.output()))
    .finally(() => isDone = true);
  const claims = new Claims();
  for (const { success, stdout, stderr } of outputs) {
    assert.ok(success, `seed ${seed}: ${new TextDecoder().decode(stderr)}`);
    claims.add(new TextDecoder().decode(stdout));
  }
  for (const reads of await Promise.all(readers)) assert.ok(reads > 10, `${reads} reads`);
  assert.equal(claims.acknowledged, PROCESSES * 100);
  await claims.assertIn(bed.folder, `seed ${seed}`);
  await assertNoRemains(bed.folder);
});

Deno.test(`4.3.3, 1.3.7 ${ROUNDS} rounds of SIGKILL among mixed changes: all that was acknowledged is there`, async () => {
  await using bed = await RegistryBed.create();
  await bed.add({ id: SHARED, model_type: "centroid" });
  const seed = Date.now() % 2 ** 31;
  const delays = fc.sample(fc.nat(80), { seed, numRuns: 2 * ROUNDS });
  const claims = new Claims();
  for (let round = 0; round < ROUNDS; round++) {
    const killed = [0, 1].map(async (n) => {
      const child = start(bed.folder, `r${round}p${n}`, 2_000, seed + 2 * round + n);
      return await killedAfter(child, delays[2 * round + n] ?? 0);
    });
    for (const text of await Promise.all(killed)) claims.add(text);
    await claims.assertIn(bed.folder, `round ${round}, seed ${seed}`);
    assertConsistent(await Deno.readTextFile(join(bed.folder, "models/.registry/manifest.json")));
  }
  assert.ok(claims.acknowledged >= ROUNDS, `${claims.acknowledged} changes`);
  await bed.add({ id: "ffffffff", model_type: "centroid" });
  await assertNoRemains(bed.folder);
});

/** What a process prints until it is killed, some milliseconds after its first change. */
async function killedAfter(child: Deno.ChildProcess, ms: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let timer: ReturnType<typeof setTimeout> | null = null;
  const stderr = new Response(child.stderr).text();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('"done"')) timer ??= setTimeout(() => child.kill("SIGKILL"), ms);
  }
  const { signal } = await child.status;
  assert.equal(signal, "SIGKILL", await stderr);
  await stderr;
  return text;
}
