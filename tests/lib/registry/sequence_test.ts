/** Any sequence of operations leaves what a simple map says, whoever does them and whatever breaks. */
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ConflictError, NotFoundError } from "../../../lib/errors.ts";
import { ModelRegistry } from "../../../lib/registry.ts";
import { CapturedLog } from "../../support/captured_log.ts";
import { type Change, change, knownOf, RegistryOracle } from "../../support/registry_oracle.ts";
import { RegistryBed } from "../../support/registry.ts";

const RUNS = Deno.env.get("SLEAP_RTC_LONG") ? 500 : 100;
const WISHES = ["aaaaaaaa", "bbbbbbbb"];
const UNKNOWN = "cccccccc";
const ALIASES = ["mouse", "rat", "constructor"];

/** One step of a sequence; a model is meant by its number among those there are. */
type Step =
  | { type: "register"; wish: string; alias: string | null }
  | { type: "change"; model: number; what: (id: string) => Change }
  | { type: "reopen" }
  | { type: "rebuild" }
  /** A file is cut off at this part of its length. */
  | { type: "cut"; name: string; part: number }
  | { type: "delete"; name: string };

const aChange: fc.Arbitrary<(id: string) => Change> = fc.oneof(
  fc.constant((id: string): Change => ({ type: "complete", id })),
  fc.nat(9).map((epoch) => (id: string): Change => ({ type: "interrupt", id, epoch })),
  fc.uuid().map((job) => (id: string): Change => ({ type: "resume", id, job })),
  fc.constant((id: string): Change => ({ type: "abandon", id })),
  fc.record({ alias: fc.constantFrom(...ALIASES), force: fc.boolean() })
    .map((how) => (id: string): Change => ({ type: "alias", id, ...how })),
  fc.constant((id: string): Change => ({ type: "unalias", id })),
  fc.string({ maxLength: 9 }).map((notes) => (id: string): Change => ({ type: "note", id, notes })),
);

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("register" as const),
      wish: fc.constantFrom(...WISHES),
      alias: fc.constantFrom(null, ...ALIASES),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant("change" as const), model: fc.nat(9), what: aChange }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "reopen" as const }) },
  { weight: 1, arbitrary: fc.constant({ type: "rebuild" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("cut" as const),
      name: fc.constantFrom("manifest.json", "manifest.json", "manifest.backup.json"),
      part: fc.double({ min: 0, max: 0.99, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("delete" as const),
      name: fc.constantFrom("manifest.json", "manifest.backup.json", "manifest.lock"),
    }),
  },
);

async function cutOff(path: string, part: number): Promise<void> {
  const { size } = await Deno.stat(path).catch(() => ({ size: 0 }));
  if (size > 0) await Deno.writeFile(path, (await Deno.readFile(path)).subarray(0, size * part));
}

/** A registry that two programs use, and what must be in it. */
class Sequence {
  readonly #root: string;
  readonly #programs: ModelRegistry[];
  readonly #oracle = new RegistryOracle();

  constructor(root: string, programs: ModelRegistry[]) {
    this.#root = root;
    this.#programs = programs;
  }

  async do(step: Step, index: number): Promise<void> {
    const [registry] = this.#programs;
    assert.ok(registry);
    this.#programs.reverse();
    if (step.type === "register") await this.#register(registry, step.wish, step.alias);
    else if (step.type === "change") await this.#change(registry, step.model, step.what);
    else if (step.type === "reopen") this.#programs[0] = await ModelRegistry.open(this.#root);
    else if (step.type === "rebuild") await registry.rebuild();
    else {
      const path = join(this.#root, "models/.registry", step.name);
      if (step.type === "delete") await Deno.remove(path).catch(() => {});
      else await cutOff(path, step.part);
    }
    await this.#compare(`step ${index}`);
  }

  async #register(registry: ModelRegistry, wish: string, alias: string | null): Promise<void> {
    const id = await registry.register({ id: wish, model_type: "centroid", alias });
    assert.ok(!this.#oracle.models.has(id), `${id} is given twice`);
    assert.ok(id === wish || id.startsWith(`${wish}-`), id);
    this.#oracle.register(id, alias);
  }

  async #change(registry: ModelRegistry, model: number, what: (id: string) => Change) {
    const ids = [...this.#oracle.models.keys(), UNKNOWN];
    const wanted = what(ids[model % ids.length] ?? UNKNOWN);
    const isDone = await change(registry, wanted).then(() => true, (error) => {
      assert.ok(error instanceof ConflictError || error instanceof NotFoundError, String(error));
      return false;
    });
    assert.equal(isDone, this.#oracle.apply(wanted), JSON.stringify(wanted));
  }

  /** What a new program and the file itself say. */
  async #compare(when: string): Promise<void> {
    const registry = await ModelRegistry.open(this.#root);
    const entries = await registry.list();
    const found = Object.fromEntries(entries.map((entry) => [entry.id, knownOf(entry)]));
    assert.deepEqual(found, Object.fromEntries(this.#oracle.models), when);
    const { models, aliases, interrupted } = JSON.parse(
      await Deno.readTextFile(join(this.#root, "models/.registry/manifest.json")),
    );
    assert.deepEqual(Object.keys(models).sort(), [...this.#oracle.models.keys()].sort(), when);
    const known = [...this.#oracle.models];
    assert.deepEqual(
      new Map(Object.entries(aliases)),
      new Map(known.flatMap(([id, { alias }]) => alias === null ? [] : [[alias, id]])),
      when,
    );
    const broken = known.filter(([, { status }]) => status === "interrupted").map(([id]) => id);
    assert.deepEqual(interrupted.toSorted(), broken.sort(), when);
    for (const [id, { alias }] of known) {
      if (alias !== null) assert.equal((await registry.resolve(alias)).id, id, when);
    }
  }
}

Deno.test("1.3.5, 4.3.1, MX5 any sequence of operations and damages leaves what a simple map says", async () => {
  using _log = new CapturedLog();
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { minLength: 5, maxLength: 30 }), async (steps) => {
      await using bed = await RegistryBed.create();
      const sequence = new Sequence(bed.folder, [
        bed.registry,
        await ModelRegistry.open(bed.folder),
      ]);
      for (const [index, step] of steps.entries()) await sequence.do(step, index);
    }),
    { numRuns: RUNS },
  );
});
