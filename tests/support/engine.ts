/**
 * The real sleap-nn, for tests that need it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { messageOf } from "../../lib/errors.ts";
import { runProgram } from "../../lib/run_program.ts";
import { pythonOf } from "../../lib/sleap_nn/installation.ts";
import { ensureEngine } from "../../scripts/engine.ts";

const MAKE_DATA = fileURLToPath(new URL("../../scripts/demo/make_data.py", import.meta.url));

/** A sleap-nn that can train. */
export interface TestEngine {
  /** Absolute path of the executable. */
  sleapNn: string;
  /** The Python that it runs in, which has numpy and sleap-io. */
  python: string;
}

/** What {@linkcode makeDataset} made; absolute paths. */
export interface Dataset {
  labels: string;
  valLabels: string;
  video: string;
}

/**
 * Find a sleap-nn that can train, or install it.
 *
 * @returns null where there is none: the caller skips its test, having said why on stderr
 * @throws with `CI=true`, where no test may be skipped
 */
export async function engineForTests(): Promise<TestEngine | null> {
  try {
    const sleapNn = await ensureEngine(() => {});
    const python = await pythonOf(sleapNn);
    if (python === null) throw new Error(`"${sleapNn}" does not tell which Python runs it`);
    return { sleapNn, python };
  } catch (error) {
    if (Deno.env.get("CI") === "true") throw error;
    const line = `No sleap-nn for this test: ${messageOf(error)}\n`;
    await Deno.stderr.write(new TextEncoder().encode(line));
    return null;
  }
}

/**
 * Make the synthetic data set of the demo.
 *
 * @param python see {@linkcode TestEngine}
 * @param folder where the files are written; it is created
 */
export async function makeDataset(
  python: string,
  folder: string,
  options: { animals: number; frames: number },
): Promise<Dataset> {
  const numbers = ["--animals", `${options.animals}`, "--frames", `${options.frames}`];
  const result = await runProgram(python, [MAKE_DATA, folder, ...numbers]);
  if (result.code !== 0) throw new Error(`make_data.py failed: ${result.stderr}`);
  return {
    labels: `${folder}/train.pkg.slp`,
    valLabels: `${folder}/val.pkg.slp`,
    video: `${folder}/demo.mp4`,
  };
}

/**
 * Save labels without their images, so that they need the video under the name they give it.
 *
 * @param engine null: does nothing
 */
export async function saveLinked(
  engine: TestEngine | null,
  labels: string,
  to: string,
  video: string,
): Promise<void> {
  if (engine === null) return;
  const script = [
    "import sys, sleap_io as sio",
    "sio.save_slp(sio.load_slp(sys.argv[1]), sys.argv[2], embed=False)",
    "labels = sio.load_slp(sys.argv[2], open_videos=False)",
    "labels.replace_filenames(new_filenames=[sys.argv[3]], open_videos=False)",
    "sio.save_slp(labels, sys.argv[2], embed=False)",
  ].join("\n");
  const made = await runProgram(engine.python, ["-c", script, labels, to, video]);
  if (made.code !== 0) throw new Error(made.stderr);
}
