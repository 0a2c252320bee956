/**
 * The registry at 100, 1,000 and 10,000 models, and `list-models` as a whole process.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "../lib/files/atomic_write.ts";
import { ModelRegistry } from "../lib/registry.ts";
import { emptyManifest, serialiseManifest } from "../lib/registry/manifest.ts";
import type { ModelEntry } from "../lib/registry.ts";
import { type Measurement, timed } from "./measurement.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const WRITES = 50;
const WRITE_BUDGETS = new Map([[100, 5], [1_000, 10]]);

/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const models of [100, 1_000, 10_000]) {
    measurements.push(...await withRegistry(models, measureRegistry));
  }
  measurements.push(...await withRegistry(100, (folder) => measureProcess(folder)));
  return measurements;
}

async function measureRegistry(folder: string, models: number): Promise<Measurement[]> {
  const registry = await ModelRegistry.open(folder);
  const budget = WRITE_BUDGETS.get(models) ?? null;
  const lookup = models > 1_000 ? null : 1;
  const at = `at ${models.toLocaleString("en")} models`;
  await registry.list();
  const bytes = await Deno.readFile(join(folder, "models/.registry/manifest.json"));
  const bare = join(folder, "bare");
  return [
    {
      figure: `replace a file of the same size ${at}`,
      samples: await timed(WRITES, () => writeFileAtomic(bare, bytes)),
      budget: null,
    },
    {
      figure: `register and save ${at}`,
      samples: await timed(
        WRITES,
        (n) => registry.register({ id: idOf(n, "f"), model_type: "bench" }),
      ),
      budget,
    },
    {
      figure: `mark completed and save ${at}`,
      samples: await timed(
        WRITES,
        (n) => registry.markCompleted(idOf(n, "f"), { final_val_loss: n }),
      ),
      budget,
    },
    {
      figure: `get ${at}`,
      samples: await timed(100, (n) => registry.get(idOf(n % models, "0"))),
      budget: lookup,
    },
    {
      figure: `list a tenth ${at}`,
      samples: await timed(50, () => registry.list({ status: "failed" })),
      budget: models > 1_000 ? null : 5,
    },
  ];
}

/** In turn, so that both see the same machine. */
async function measureProcess(folder: string): Promise<Measurement[]> {
  const empty = join(folder, "empty.ts");
  await Deno.writeTextFile(empty, "");
  const list = ["--config", join(ROOT, "deno.json"), join(ROOT, "main.ts"), "list-models"];
  const listTimes: number[] = [];
  const emptyTimes: number[] = [];
  for (let pair = 0; pair < 15; pair++) {
    listTimes.push(...await timed(1, () => runDeno([...list, "--registry", folder])));
    emptyTimes.push(...await timed(1, () => runDeno([empty])));
  }
  return [
    { figure: "list-models, whole process, 100 models", samples: listTimes, budget: 100 },
    { figure: "an empty deno run", samples: emptyTimes, budget: null },
  ];
}

async function runDeno(args: string[]): Promise<void> {
  const { success } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", ...args] })
    .output();
  if (!success) throw new Error(`deno run ${args.join(" ")} failed`);
}

async function withRegistry(
  models: number,
  measure: (folder: string, models: number) => Promise<Measurement[]>,
): Promise<Measurement[]> {
  const folder = await Deno.makeTempDir({ dir: ROOT, prefix: ".bench-" });
  try {
    const entries = Array.from({ length: models }, (_, n) => entryOf(n));
    const manifest = { ...emptyManifest(), models: Object.fromEntries(entries.map(byId)) };
    await Deno.mkdir(join(folder, "models/.registry"), { recursive: true });
    const path = join(folder, "models/.registry/manifest.json");
    await Deno.writeFile(path, serialiseManifest(manifest));
    return await measure(folder, models);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function byId(entry: ModelEntry): [string, ModelEntry] {
  return [entry.id, entry];
}

function idOf(n: number, first: string): string {
  return first + n.toString(16).padStart(7, "0");
}

/** About 1.3 KB, like a real one. */
function entryOf(n: number): ModelEntry {
  const id = idOf(n, "0");
  return {
    id,
    full_hash: id.repeat(8),
    run_name: `run_${n}`,
    model_type: "centroid",
    alias: null,
    status: n % 10 === 0 ? "failed" : "completed",
    training_job_hash: id.repeat(4),
    labels_sha256: id.repeat(8),
    created_at: new Date(1_790_000_000_000 + n * 1_000).toISOString(),
    completed_at: new Date(1_790_000_500_000 + n * 1_000).toISOString(),
    checkpoint_path: `models/centroid_${id}/best.ckpt`,
    last_checkpoint_path: `models/centroid_${id}/last.ckpt`,
    checkpoint: { epoch: 41, sha256: id.repeat(8), bytes: 1_418_133 },
    config_path: `models/centroid_${id}/training_config.yaml`,
    metrics: { final_val_loss: 0.2, best_val_loss: 0.1, best_epoch: 41, epochs_completed: 50 },
    metadata: { dataset: "mice.pkg.slp", gpu_model: "NVIDIA", training_duration_seconds: 812.4 },
    training_hyperparameters: { learning_rate: 0.001, batch_size: 4, optimizer: "Adam" },
    job_id: `job_${id}`,
    model_index: 0,
    attempts: [{ job_id: `job_${id}`, attempt: 1, first_epoch: 0, last_epoch: 49 }],
    revision: 52,
  };
}
