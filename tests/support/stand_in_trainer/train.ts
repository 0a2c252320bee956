/**
 * `sleap-nn train` from the configuration to the end of the evaluation.
 *
 * @module
 */
import { type Mapping, readDocument, refusedOverride, valueAt } from "./config/document.ts";
import { isFloatAt, mergeConfig, readSchema } from "./config/schema.ts";
import { chosen, settingsOf } from "./config/settings.ts";
import { Faults } from "./faults.ts";
import { Output } from "./output.ts";
import { TrainerProcess } from "./process.ts";
import { asTrainerFailure, TrainerFailure } from "./python/failure.ts";
import { dateTime } from "./python/text.ts";
import { dumpYaml } from "./python/yaml.ts";
import type { Context, Run } from "./run/context.ts";
import { evaluate } from "./run/evaluation.ts";
import { fit } from "./run/fit.ts";
import { spawnLoader } from "./run/loader.ts";
import { setUp } from "./run/setup.ts";
import { scriptForModel, type StandInScript } from "./script.ts";
import { VERSION_LINE } from "./version.ts";
import { Sockets } from "./zmq/sockets.ts";

/** Train, and end the process. */
export async function train(
  script: StandInScript,
  config: string,
  overrides: readonly string[],
): Promise<never> {
  const document = tryRead(config, overrides);
  const settled = scriptForModel(script, modelTypeOf(document));
  const output = new Output(settled.silent === true);
  const process = new TrainerProcess(settled, output);
  try {
    await process.pause(settled.startupMs);
    if (document instanceof TrainerFailure) throw document;
    await trainModel(settled, document, output, process);
  } catch (error) {
    const failure = asTrainerFailure(error);
    if (failure.logged !== undefined) output.log(failure.logged);
    for (const line of failure.stderr) output.note(line);
    return await process.exit(failure.exitCode);
  }
  return await process.exit(0);
}

async function trainModel(
  script: StandInScript,
  user: Mapping,
  output: Output,
  process: TrainerProcess,
): Promise<void> {
  const schema = readSchema();
  const dump = (config: Mapping) => dumpYaml(config, (path) => isFloatAt(schema, path));
  const started = performance.now();
  output.log("Input config:");
  output.log(`\n${dump(user)}`);
  output.log(`Started training at: ${dateTime(new Date())}`);
  output.log(VERSION_LINE);
  const initialConfig = mergeConfig(schema, user);
  const settings = settingsOf(initialConfig);
  if (script.exitZeroWithoutModel) settings.saveCkpt = false;
  const key = settings.wandbKey ?? Deno.env.get("WANDB_API_KEY");
  if (script.printSecret && key !== undefined) output.note(`wandb: API key ${key}`);
  const faults = new Faults(script, process);
  const context = { script, output, process, faults, settings, initialConfig, dump };
  const run = await trainLoop(context);
  output.log(`Finished training at: ${dateTime(new Date())}`);
  output.log(`Total training time: ${(performance.now() - started) / 1000} secs`);
  output.log(`Training Config: ${dump(run.trainingConfig)}`);
  if (settings.saveCkpt) await evaluate(run);
  await faults.at({ stage: "exit" });
}

async function trainLoop(context: Context): Promise<Run> {
  const { output, process, script } = context;
  const sockets = new Sockets(context);
  const setUpStarted = performance.now();
  const run = await setUp(context, () => sockets.connect());
  await sockets.settle();
  const seconds = (performance.now() - setUpStarted) / 1000;
  output.log(`Finished trainer set up. [${seconds.toFixed(1)}s]`);
  output.log("Starting training loop...");
  const started = performance.now();
  const loopEnded = () => {
    const minutes = (performance.now() - started) / 60_000;
    output.log(`Finished training loop. [${minutes.toFixed(1)} min]`);
  };
  process.enterTraining(loopEnded);
  if (script.spawnLoaderProcess) spawnLoader(process);
  try {
    await fit(run, sockets.callbacks());
  } finally {
    process.leaveTraining();
    loopEnded();
  }
  return run;
}

function tryRead(config: string, overrides: readonly string[]): Mapping | TrainerFailure {
  try {
    const document = readDocument(config);
    const [override] = overrides;
    return override === undefined ? document : refusedOverride(override);
  } catch (error) {
    return asTrainerFailure(error);
  }
}

function modelTypeOf(document: Mapping | TrainerFailure): string | null {
  if (document instanceof TrainerFailure) return null;
  return chosen(valueAt(document, "model_config.head_configs"));
}
