import { basename } from "node:path";
import { SleapRtcError, UsageError } from "../../lib/errors.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { cleanAlias } from "../../lib/registry/alias_rules.ts";
import { MODEL_TYPES } from "../../lib/sleap_nn/model_combination.ts";
import { readLine } from "../../lib/terminal/input.ts";
import { writeStderr } from "../../lib/terminal/output.ts";

const MAX_ASKED = 5;
/** What trainers and people call any model's folder: `centroid-1`, `models`, `run_2`, a date. */
const USUAL_NAME =
  /^(?:models?|runs?|train(?:ing|ed)?|checkpoints?|best|last|output|results?|multi_instance|[\d_.-]*)(?:[-_]?\d+)*$/i;

/**
 * Ask for the type of a model whose configuration does not tell it.
 *
 * @throws {UsageError} when no type is chosen
 */
export async function askModelType(folder: string): Promise<string> {
  writeStderr(`Cannot tell the type of the model in "${folder}":\n`);
  for (const [place, type] of MODEL_TYPES.entries()) writeStderr(`  ${place + 1}  ${type}\n`);
  writeStderr("Which one is it? ");
  const answer = (await readLine() ?? "").trim();
  const type = MODEL_TYPES[Number(answer) - 1] ?? MODEL_TYPES.find((name) => name === answer);
  if (type !== undefined) return type;
  throw new UsageError("No model type is chosen: nothing is imported", {
    hint: "Name it with --model-type TYPE.",
  });
}

/** Ask for an alias, again where one does not do; undefined: none is wanted. */
export async function askAlias(
  registry: ModelRegistry,
  folder: string,
): Promise<string | undefined> {
  const suggestion = suggestAlias(folder);
  if (suggestion !== null) writeStderr(`A name for this model could be "${suggestion}".\n`);
  for (let asked = 0; asked < MAX_ASKED; asked++) {
    writeStderr("Enter alias (optional, press enter to skip): ");
    const alias = (await readLine() ?? "").trim();
    if (alias === "") return undefined;
    try {
      await registry.checkFreeAlias(alias);
      return alias;
    } catch (error) {
      if (!(error instanceof SleapRtcError)) throw error;
      writeStderr(`${error.message}\n${error.hint ?? ""}\n`);
    }
  }
  return undefined;
}

/** An alias after the folder's name, where that says more than the type; null: it does not. */
export function suggestAlias(folder: string): string | null {
  const name = basename(folder);
  const isType = MODEL_TYPES.some((type) => name.toLowerCase().replace(/[-_.]?\d+$/, "") === type);
  return isType || USUAL_NAME.test(name) ? null : cleanAlias(name);
}
