/**
 * The demo on three machines, which are three processes with homes of their own here.
 *
 * @module
 */
import { join } from "node:path";
import { Cli, say, title } from "./cli.ts";
import { INPUTS } from "./inputs.ts";

/**
 * Train on another machine: a server at which the two meet, the machine with the GPU, the laptop.
 *
 * @param folder with the demo's data and configuration; the laptop stands there
 * @param gpuFolder the other machine's
 * @param sleapNn absolute path of the trainer, which only that machine knows
 * @param signal aborted: end what runs
 */
export async function tourThreeMachines(
  folder: string,
  gpuFolder: string,
  sleapNn: string,
  signal: AbortSignal,
): Promise<void> {
  title("7. The same on another machine: one link, then the same command");
  say("Here the three machines are three processes, each with a home of its own.");
  const machine = (name: string, cwd: string, env: Record<string, string> = {}) =>
    new Cli({
      name: `${name}:`,
      folder: cwd,
      env: { SLEAP_RTC_HOME: join(folder, `home-${name}`), ...env },
    }, signal);
  const laptop = machine("laptop", folder);
  await using server = await machine("server", folder).start(["serve", "--port", "0"]);
  await using _worker = await machine("gpu-box", gpuFolder, { SLEAP_RTC_SLEAP_NN: sleapNn })
    .start(["worker", "--join", server.firstLine, "--name", "gpu-box"]);
  await laptop.run(["join", server.firstLine]);
  await laptop.run(["train", ...INPUTS, "--run-name", "remote", "--max-epochs", "1"]);
  await laptop.run(["list-models", "--worker", "gpu-box"]);
}
