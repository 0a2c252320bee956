/**
 * A stand-in training of ten seconds, alone and under `train --local`, in alternating pairs. What
 * supervision adds may be 1 % of a minute's training.
 *
 * @module
 */
import { join } from "node:path";
import {
  placeholderCheckpoint,
  placeholderLabels,
} from "../../scripts/compile/placeholder_files.ts";
import type { Measurement } from "../measurement.ts";
import { type CpuSample, sampleCpu } from "./cpu_time.ts";
import { type Program, succeed, trainLocally, withFolder } from "./train_locally.ts";

const PAIRS = 5;
const EPOCHS = 10;
const MINUTE_MS = 60_000;
/** By then the supervisor has started and its trainer is at work. */
const STARTED_MS = 1_000;

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

/**
 * Measure it. The supervisor's CPU time is only reported: epochs of a second are work for it, a
 * stand-in that sleeps is none to compare it with.
 */
export async function measureStandIn(program: Program): Promise<Measurement[]> {
  const alone: number[] = [];
  const supervised: Supervised[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const both = [
      async () => alone.push(await withStandIn(trainAlone)),
      async () => supervised.push(await withStandIn((folder) => trainSupervised(program, folder))),
    ];
    for (const measure of pair % 2 === 0 ? both : both.toReversed()) await measure();
  }
  const added = supervised.map(({ wall }, pair) => wall - (alone[pair] ?? NaN));
  const cpu = supervised.flatMap(({ cpuOfMinute }) => cpuOfMinute ?? []);
  const whole = supervised.map(({ wall }) => wall);
  return [
    {
      figure: `wall time of a stand-in trainer of ${EPOCHS} s alone`,
      samples: alone,
      budget: null,
    },
    { figure: "wall time of the same under train --local", samples: whole, budget: null },
    { figure: "wall time that supervision adds", samples: added, budget: MINUTE_MS / 100 },
    ...(cpu.length === 0
      ? []
      : [{ figure: "CPU time of its supervisor in a minute", samples: cpu, budget: null }]),
  ];
}

async function withStandIn<T>(measure: (folder: string) => Promise<T>): Promise<T> {
  return await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "trainer"));
    await Deno.writeTextFile(standIn(folder), TRAINER, { mode: 0o755 });
    await Deno.writeFile(join(folder, "trainer/best.ckpt"), placeholderCheckpoint());
    await Deno.writeFile(join(folder, "labels.slp"), placeholderLabels());
    await Deno.writeTextFile(join(folder, "centroid.yaml"), CONFIG);
    return await measure(folder);
  });
}

function standIn(folder: string): string {
  return join(folder, "trainer/sleap-nn");
}

async function trainAlone(folder: string): Promise<number> {
  const config = join(folder, "centroid.yaml");
  const began = performance.now();
  await succeed(standIn(folder), ["train", "--config", config], { cwd: folder, env: {} });
  return performance.now() - began;
}

async function trainSupervised(program: Program, folder: string): Promise<Supervised> {
  const args = ["--config", "centroid.yaml", "--labels", "labels.slp"];
  const began = performance.now();
  const training = trainLocally(program, folder, args, { SLEAP_RTC_SLEAP_NN: standIn(folder) })
    .then(() => performance.now() - began);
  const [wall, samples] = await Promise.all([training, sampleCpu(folder, training)]);
  return { wall, cpuOfMinute: cpuOfMinute(samples) };
}

/** The start as it is, the rest in proportion to the time. */
function cpuOfMinute(samples: readonly CpuSample[]): number | null {
  const seen = samples.flatMap(({ at, supervisor }) =>
    supervisor === null ? [] : [{ at, supervisor }]
  );
  const started = (seen[0]?.at ?? NaN) + STARTED_MS;
  const first = seen.find(({ at }) => at >= started);
  const last = seen.at(-1);
  if (first === undefined || last === undefined || first === last) return null;
  const rate = (last.supervisor - first.supervisor) / (last.at - first.at);
  return first.supervisor + rate * MINUTE_MS;
}
