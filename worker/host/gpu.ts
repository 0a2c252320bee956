/**
 * Which GPUs this machine has.
 *
 * @module
 */
import { runProgram } from "../../lib/run_program.ts";

/** `nvidia-smi` takes seconds on a machine with many cards and no persistence daemon. */
const TIMEOUT_MS = 10_000;

/** One graphics processor. */
export interface Gpu {
  /** Model, e.g. `NVIDIA A100-SXM4-80GB`. */
  name: string;
  /** Its memory in MiB; null where it is shared with the CPU, or the driver does not tell. */
  memoryMib: number | null;
}

/** Options of {@linkcode gpuInfo}. */
export interface GpuInfoOptions {
  /** Environment in which the tools are looked up and run. @default {this process's} */
  env?: Record<string, string>;
  /** @default {this machine's} */
  platform?: Pick<typeof Deno.build, "os" | "arch">;
}

/**
 * Ask `nvidia-smi`, or on a Mac with Apple silicon the system, for the GPUs.
 *
 * @returns none where there is no such tool, or it fails or does not answer
 */
export async function gpuInfo(options: GpuInfoOptions = {}): Promise<Gpu[]> {
  const env = options.env ?? Deno.env.toObject();
  const { os, arch } = options.platform ?? Deno.build;
  if (os === "darwin") return arch === "aarch64" ? await appleGpu(env) : [];
  const query = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  const answer = await ask("nvidia-smi", query, env);
  return answer.split("\n").map(gpuOfLine).filter((gpu) => gpu !== null);
}

/** The GPUs in words: `CPU` for none, `NVIDIA A100 (x2)` for several of a kind. */
export function gpuModel(gpus: readonly Gpu[]): string {
  const counts = new Map<string, number>();
  for (const { name } of gpus) counts.set(name, (counts.get(name) ?? 0) + 1);
  const models = [...counts].map(([name, count]) => count === 1 ? name : `${name} (x${count})`);
  return models.join(", ") || "CPU";
}

function gpuOfLine(line: string): Gpu | null {
  const [, name, memory] = /^(.+?),\s*([^,]+?)\s*$/.exec(line) ?? [];
  if (name === undefined || memory === undefined) return null;
  return { name, memoryMib: /^\d+$/.test(memory) ? Number(memory) : null };
}

async function appleGpu(env: Record<string, string>): Promise<Gpu[]> {
  const name = (await ask("sysctl", ["-n", "machdep.cpu.brand_string"], env)).trim();
  return name === "" ? [] : [{ name, memoryMib: null }];
}

async function ask(
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<string> {
  try {
    const result = await runProgram(command, args, { env, timeoutMs: TIMEOUT_MS });
    return result.code === 0 ? result.stdout : "";
  } catch {
    return "";
  }
}
