/**
 * The CPU time of a supervisor beside that of the real sleap-nn, on the small model of the demo.
 * Both begin with their start: the longer a training, the smaller the share.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { messageOf, NotFoundError } from "../../lib/errors.ts";
import { findSleapNn } from "../../lib/sleap_nn/executable.ts";
import { pythonOf } from "../../lib/sleap_nn/installation.ts";
import { writeStderr } from "../../lib/terminal/output.ts";
import type { Measurement } from "../measurement.ts";
import { type CpuSample, sampleCpu } from "./cpu_time.ts";
import { type Program, succeed, trainLocally, withFolder } from "./train_locally.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo/", import.meta.url));
const CONFIG = `${DEMO}single_instance.yaml`;
const LABELS = ["--labels", "data/train.pkg.slp", "--val-labels", "data/val.pkg.slp"];
const RUNS = 3;
const BUDGET_PERCENT = 1;

/** What a measurement with the real trainer needs. */
interface Engine {
  sleapNn: string;
  python: string;
}

/** Measure it; says on stderr why, where it cannot be measured. */
export async function measureRealTrainer(program: Program): Promise<Measurement[]> {
  const engine = await findEngine();
  if (typeof engine === "string") {
    writeStderr(`The CPU time beside the real trainer was not measured: ${engine}\n`);
    return [];
  }
  const shares: CpuShare[] = [];
  for (let n = 0; n < RUNS; n++) {
    shares.push(await withFolder((folder) => measureTraining(program, folder, engine)));
  }
  return [
    { figure: "CPU time of a real trainer", samples: shares.map(trainerOf), budget: null },
    { figure: "CPU time of its supervisor", samples: shares.map(supervisorOf), budget: null },
    {
      figure: "the supervisor's share of the trainer's CPU time",
      samples: shares.map((share) => 100 * share.supervisor / share.trainer),
      budget: BUDGET_PERCENT,
      unit: "%",
    },
  ];
}

async function findEngine(): Promise<Engine | string> {
  if (Deno.build.os !== "linux") return "only Linux tells the CPU time of a process in /proc";
  try {
    const { path } = await findSleapNn();
    const python = await pythonOf(path);
    return python === null
      ? `"${path}" does not tell which Python runs it`
      : { sleapNn: path, python };
  } catch (error) {
    if (error instanceof NotFoundError) return messageOf(error);
    throw error;
  }
}

async function measureTraining(
  program: Program,
  folder: string,
  { sleapNn, python }: Engine,
): Promise<CpuShare> {
  const env = {
    OMP_NUM_THREADS: Deno.env.get("OMP_NUM_THREADS") ?? "1",
    SLEAP_RTC_HOME: `${folder}/home`,
    SLEAP_RTC_SLEAP_NN: sleapNn,
  };
  await succeed(python, [`${DEMO}make_data.py`, "data"], { cwd: folder, env });
  const training = trainLocally(program, folder, ["--config", CONFIG, ...LABELS], env);
  const [samples] = await Promise.all([sampleCpu(folder, training), training]);
  return shareOf(samples);
}

/** CPU times at the end, in milliseconds. */
interface CpuShare {
  supervisor: number;
  trainer: number;
}

function shareOf(samples: readonly CpuSample[]): CpuShare {
  const last = (name: "supervisor" | "helpers" | "trainer") =>
    samples.findLast((sample) => sample[name] !== null)?.[name] ?? NaN;
  return { supervisor: last("supervisor") + last("helpers"), trainer: last("trainer") };
}

function trainerOf({ trainer }: CpuShare): number {
  return trainer;
}

function supervisorOf({ supervisor }: CpuShare): number {
  return supervisor;
}
