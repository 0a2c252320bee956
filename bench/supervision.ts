/**
 * What supervision costs: a stand-in training of ten seconds, alone and under `train --local`, in
 * alternating pairs. The budgets are 1 % of a minute's training that keeps one core busy.
 *
 * @module
 */
import { join } from "node:path";
import { selfCommand } from "../lib/self_command.ts";
import { placeholderCheckpoint, placeholderLabels } from "../scripts/compile/placeholder_files.ts";
import { JobFolder } from "../worker/job_folder.ts";
import type { Measurement } from "./measurement.ts";

const PAIRS = 3;
const EPOCHS = 10;
const MINUTE_MS = 60_000;
const BUDGET_MS = MINUTE_MS / 100;
const SAMPLE_MS = 250;
/** By then the supervisor has started and its trainer is at work. */
const STARTED_MS = 1_000;
/** Of `/proc/<pid>/stat`: Linux counts in hundredths of a second on every platform we know. */
const TICK_MS = 10;

/** It sleeps instead of computing: otherwise a busy machine would be measured. */
const TRAINER = `#!/bin/sh
[ "$1" = train ] || exit 0
run=$(dirname "$3")
echo "2026-01-01 00:00:00 | Starting training loop..."
printf 'epoch,train/loss,val/loss\\r\\n' > "$run/training_log.csv"
epoch=0
while [ $epoch -lt ${EPOCHS} ]; do
  sleep 1
  printf '%s,0.5,0.%s\\r\\n' $epoch $((9 - epoch)) >> "$run/training_log.csv"
  cp "$(dirname "$0")/best.ckpt" "$run/best.ckpt"
  epoch=$((epoch + 1))
done
echo "2026-01-01 00:00:01 | Finished training at: 2026-01-01 00:00:01"
`;

const CONFIG = `
model_config:
  backbone_config: { unet: { filters: 8 } }
  head_configs: { centroid: { confmaps: { sigma: 2.0 } } }
trainer_config: { max_epochs: ${EPOCHS} }
`;

/** A training under supervision, in milliseconds. */
interface Supervised {
  wall: number;
  /** CPU time of the supervisor, carried on to a training of a minute; null: not told here. */
  cpuOfMinute: number | null;
}

/** Measure everything. */
export async function run(): Promise<Measurement[]> {
  const alone: number[] = [];
  const supervised: Supervised[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const both = [
      async () => alone.push(await withFolder(trainAlone)),
      async () => supervised.push(await withFolder(trainSupervised)),
    ];
    for (const measure of pair % 2 === 0 ? both : both.toReversed()) await measure();
  }
  const added = supervised.map(({ wall }, pair) => wall - (alone[pair] ?? NaN));
  const cpu = supervised.flatMap(({ cpuOfMinute }) => cpuOfMinute ?? []);
  const whole = supervised.map(({ wall }) => wall);
  const budget = BUDGET_MS;
  return [
    { figure: `a trainer of ${EPOCHS} s alone`, samples: alone, budget: null },
    { figure: "the same under train --local", samples: whole, budget: null },
    { figure: "what supervision adds", samples: added, budget },
    ...(cpu.length === 0
      ? []
      : [{ figure: "CPU time of the supervisor, a minute's training", samples: cpu, budget }]),
  ];
}

async function withFolder<T>(measure: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-bench-" });
  try {
    await Deno.mkdir(join(folder, "trainer"));
    await Deno.writeTextFile(join(folder, "trainer/sleap-nn"), TRAINER, { mode: 0o755 });
    await Deno.writeFile(join(folder, "trainer/best.ckpt"), placeholderCheckpoint());
    await Deno.writeFile(join(folder, "labels.slp"), placeholderLabels());
    await Deno.writeTextFile(join(folder, "centroid.yaml"), CONFIG);
    return await measure(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function trainAlone(folder: string): Promise<number> {
  const config = join(folder, "centroid.yaml");
  const began = performance.now();
  await succeed(join(folder, "trainer/sleap-nn"), ["train", "--config", config], folder);
  return performance.now() - began;
}

async function trainSupervised(folder: string): Promise<Supervised> {
  const train = ["train", "--local", "--config", "centroid.yaml", "--labels", "labels.slp"];
  const { command, args } = selfCommand([...train, "--registry", folder]);
  const began = performance.now();
  const training = succeed(command, args, folder).then(() => performance.now() - began);
  const [wall, cpuOfMinute] = await Promise.all([training, cpuTime(folder, training)]);
  return { wall, cpuOfMinute };
}

/** The start as it is, the rest in proportion to the time. */
async function cpuTime(folder: string, training: Promise<unknown>): Promise<number | null> {
  let hasEnded = false;
  training.then(() => hasEnded = true, () => hasEnded = true);
  const samples: { at: number; cpu: number }[] = [];
  while (!hasEnded) {
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    const cpu = await supervisorCpu(folder);
    if (cpu !== null) samples.push({ at: performance.now(), cpu });
  }
  const [first] = samples.slice(STARTED_MS / SAMPLE_MS);
  const last = samples.at(-1);
  if (first === undefined || last === undefined || first === last) return null;
  return first.cpu + (last.cpu - first.cpu) * MINUTE_MS / (last.at - first.at);
}

async function supervisorCpu(folder: string): Promise<number | null> {
  try {
    const [job] = await JobFolder.list(folder);
    const pid = (await job?.readState())?.supervisor?.pid;
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return null;
  }
}

async function succeed(command: string, args: string[], folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    cwd: folder,
    env: { SLEAP_RTC_SLEAP_NN: join(folder, "trainer/sleap-nn") },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`"${command}" failed: ${new TextDecoder().decode(stderr)}`);
}
