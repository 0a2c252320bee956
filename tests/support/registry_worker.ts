/**
 * `registry_worker.ts ROOT NAME COUNT SEED`: makes COUNT different changes to a registry that others
 * change, too. Before each it prints what it is about to do and what its model must be after it;
 * once that is acknowledged, `{"done":true}`.
 *
 * @module
 */
import fc from "fast-check";
import { ModelRegistry } from "../../lib/registry.ts";
import { type Change, change, type KnownModel, RegistryOracle } from "./registry_oracle.ts";

/** What is printed before a change. */
export interface Announcement {
  /** Of the model that only this process changes; null: it is being registered. */
  id: string | null;
  /** What must be known of it afterwards; null: it is the model that all of them count in. */
  after: KnownModel | null;
}

/** ID of the model in which all processes count. */
export const SHARED = "5aaaaaaa";

if (import.meta.main) {
  const [root = "", name = "", count = "0", seed = "0"] = Deno.args;
  const registry = await ModelRegistry.open(root);
  const oracle = new RegistryOracle();
  const numbers = fc.sample(fc.nat(), { seed: Number(seed), numRuns: Number(count) });
  for (const [n, number] of numbers.entries()) await work(registry, oracle, `${name}-${n}`, number);
}

async function work(
  registry: ModelRegistry,
  oracle: RegistryOracle,
  name: string,
  number: number,
): Promise<void> {
  const ids = [...oracle.models.keys()];
  const id = ids[number % ids.length];
  if (id === undefined || number % 7 === 0) {
    await print({ id: null, after: null });
    const model = { id: "aaaaaaaa", model_type: "centroid", run_name: name };
    const registered = await registry.register(model);
    oracle.register(registered, null);
    await print({ id: registered, after: oracle.models.get(registered) ?? null });
  } else if (number % 7 === 1) {
    await print({ id: SHARED, after: null });
    await registry.update(
      SHARED,
      (entry) => ({ ...entry, count: Number(entry["count"] ?? 0) + 1 }),
    );
  } else {
    const what = changeOf(id, name, number >> 8);
    const isDone = oracle.apply(what);
    await print({ id, after: oracle.models.get(id) ?? null });
    const refused = await change(registry, what).then(() => false, () => true);
    if (refused === isDone) throw new Error(`${JSON.stringify(what)} is done: ${!refused}`);
  }
  await print({ done: true });
}

function changeOf(id: string, name: string, number: number): Change {
  const changes: Change[] = [
    { type: "complete", id },
    { type: "interrupt", id, epoch: number % 100 },
    { type: "resume", id, job: `job_${name}` },
    { type: "abandon", id },
    { type: "alias", id, alias: name, force: false },
    { type: "unalias", id },
    { type: "note", id, notes: name },
  ];
  return changes[number % changes.length] as Change;
}

async function print(line: Announcement | { done: true }): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}
