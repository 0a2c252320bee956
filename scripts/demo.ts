/**
 * `deno task demo`: a tour with the real trainer on this machine.
 *
 * @module
 */
import { join } from "node:path";
import { EXIT, messageOf, SleapRtcError } from "../lib/errors.ts";
import { formatDuration } from "../lib/terminal/formats.ts";
import { say, title } from "./demo/cli.ts";
import { endJobs } from "./demo/end_jobs.ts";
import { tourOneMachine } from "./demo/local_tour.ts";
import { makeData } from "./demo/make_data.ts";
import { tourPrediction } from "./demo/predict_tour.ts";
import { tourThreeMachines } from "./demo/remote_tour.ts";
import { ensureEngine } from "./engine.ts";

const CONFIG = "single_instance.yaml";
/** 128 + 15, as a shell shows an end by SIGTERM. */
const EXIT_TERMINATED = 143;

async function main(): Promise<number> {
  const began = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-demo-" });
  const stop = new AbortController();
  const stopped = new Promise<number>((resolve) => {
    const end = (exitCode: number) => () => {
      stop.abort();
      resolve(exitCode);
    };
    Deno.addSignalListener("SIGINT", end(EXIT.interruptedByUser));
    Deno.addSignalListener("SIGTERM", end(EXIT_TERMINATED));
  });
  const gpuFolder = join(folder, "gpu-box");
  const toured = tour(folder, gpuFolder, stop.signal).then(() => {
    say(`\nDone in ${formatDuration((performance.now() - began) / 1000)}.`);
    return EXIT.done;
  }).catch((error) => stop.signal.aborted ? stopped : reportError(error));
  const exitCode = await Promise.race([toured, stopped]);
  if (stop.signal.aborted) say("\nEnding the demo");
  await endJobs(folder);
  await endJobs(gpuFolder);
  await Deno.remove(folder, { recursive: true });
  return exitCode;
}

function reportError(error: unknown): number {
  say(`\nThe demo stopped: ${messageOf(error)}`);
  if (error instanceof SleapRtcError && error.hint) say(`hint: ${error.hint}`);
  return error instanceof SleapRtcError ? error.exitCode : EXIT.failed;
}

/** @param signal aborted: end the command that runs */
async function tour(folder: string, gpuFolder: string, signal: AbortSignal): Promise<void> {
  title("1. The trainer: a real sleap-nn");
  const sleapNn = await ensureEngine(say);

  title("2. A small data set: 60 pictures of one animal, made with sleap-io");
  await makeData(sleapNn, join(folder, "data"), { seed: 0 });
  say("48 labelled frames in train.pkg.slp, 12 held-out frames in val.pkg.slp");
  await Deno.copyFile(
    new URL(`./demo/${CONFIG}`, import.meta.url),
    join(folder, CONFIG),
  );

  await tourOneMachine(folder, sleapNn, signal);
  await Deno.mkdir(gpuFolder);
  await tourThreeMachines(folder, gpuFolder, sleapNn, signal);
  await tourPrediction(folder, sleapNn, signal);
}

Deno.exit(await main());
