import { relative } from "node:path";
import { messageOf, NotFoundError, SleapRtcError } from "../../lib/errors.ts";
import { isFolder } from "../../lib/files/file_info.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import type { ImportResult } from "../../lib/registry/import.ts";
import { bestLoss } from "../../lib/registry/query.ts";
import { findModelFolders } from "../../lib/sleap_nn/find_model_folders.ts";
import { formatLoss } from "../../lib/terminal/formats.ts";
import { confirm } from "../../lib/terminal/input.ts";
import {
  isStdoutColoured,
  stdoutColumns,
  writeStderr,
  writeStdout,
} from "../../lib/terminal/output.ts";
import { renderTable, type Style } from "../../lib/terminal/table.ts";
import { planImport, readImportable } from "../../lib/training/import_model.ts";
import { openForAdding } from "../shared/open_registry.ts";
import { isJson } from "../shared/options.ts";
import { type ImportOptions, mayAsk } from "./options.ts";

const COLUMNS = ["FOLDER", "RESULT", "ID", "TYPE", "VAL LOSS", "WHY"];
const RESULT_COLUMN = COLUMNS.indexOf("RESULT");
const FLEXIBLE_COLUMNS = ["WHY", "FOLDER"].map((title) => COLUMNS.indexOf(title));
const STYLES: Record<Outcome, Style | null> = {
  imported: "green",
  repaired: "green",
  known: null,
  skipped: "yellow",
};

type Outcome = ImportResult["outcome"] | "skipped";

/** What became of one folder. */
interface Row {
  folder: string;
  outcome: Outcome;
  /** Why it was skipped, or what to know of it. */
  reason: string | null;
  model: ModelEntry | null;
}

/**
 * Import every model of a tree, and show what became of each. One that cannot be imported does not
 * keep the others out.
 *
 * @throws {NotFoundError} when there is no such folder, or no model in it
 * @throws {SleapRtcError} when none of the models is in the registry afterwards
 */
export async function importTree(path: string, options: ImportOptions): Promise<void> {
  if (!(await isFolder(path))) throw new NotFoundError(`There is no folder "${path}"`);
  const root = await Deno.realPath(path);
  const { found, unreadable } = await findModelFolders(root);
  for (const folder of unreadable) writeStderr(`warning: cannot look into "${folder}"\n`);
  if (found.length === 0) throw noModels(path);
  const registry = await openForAdding(options.registry);
  if (mayAsk(options) && !(await confirm(question(found.length, options)))) {
    writeStderr("nothing is imported\n");
    return;
  }
  const rows: Row[] = [];
  for (const folder of found) rows.push(await importFolder(registry, folder, options));
  writeStdout(isJson(options) ? `${JSON.stringify(rows, null, 2)}\n` : table(rows, root));
  writeStderr(`${countsOf(rows)}\n`);
  if (rows.every(({ outcome }) => outcome === "skipped")) throw noneUsable(rows.length);
}

async function importFolder(
  registry: ModelRegistry,
  folder: string,
  options: ImportOptions,
): Promise<Row> {
  try {
    const importable = await readImportable(folder);
    const plan = await planImport(importable, {
      mode: options.copy ? "copy" : "link",
      modelType: importable.modelType === null ? options.modelType : undefined,
    });
    const { id, outcome } = await registry.importModel(plan);
    const reason = importable.warnings.join("; ") || null;
    return { folder, outcome, reason, model: await registry.get(id) };
  } catch (error) {
    if (!(error instanceof SleapRtcError) && !(error instanceof Deno.errors.PermissionDenied)) {
      throw error;
    }
    return { folder, outcome: "skipped", reason: messageOf(error), model: null };
  }
}

function question(count: number, { copy }: ImportOptions): string {
  const how = copy ? "their files are copied" : "as links to their files";
  return `Import ${count} ${count === 1 ? "model" : "models"} (${how})?`;
}

function table(rows: readonly Row[], root: string): string {
  const cells = rows.map(({ folder, outcome, reason, model }) => [
    relative(root, folder) || ".",
    outcome,
    model?.id ?? "-",
    model?.model_type ?? "-",
    model === null ? "-" : formatLoss(bestLoss(model)),
    reason ?? "",
  ]);
  return renderTable(COLUMNS, cells, {
    isColoured: isStdoutColoured(),
    maxWidth: stdoutColumns() ?? Infinity,
    flexible: FLEXIBLE_COLUMNS,
    styleOf: (row, column) =>
      column === RESULT_COLUMN ? STYLES[rows[row]?.outcome ?? "known"] : null,
  });
}

function countsOf(rows: readonly Row[]): string {
  const outcomes: readonly Outcome[] = ["imported", "repaired", "known", "skipped"];
  return outcomes
    .map((outcome) => ({ outcome, count: rows.filter((row) => row.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome}`)
    .join(", ");
}

function noModels(path: string): NotFoundError {
  return new NotFoundError(`There is no model in "${path}" or below`, {
    hint: "A model is a folder with best.ckpt and training_config.yaml " +
      "(SLEAP 1.4 and older: best_model.h5 and training_config.json).",
  });
}

function noneUsable(count: number): SleapRtcError {
  return new SleapRtcError(
    count === 1
      ? "The only model found cannot be imported"
      : `None of ${count} models can be imported`,
    { hint: "The reasons are in the column WHY." },
  );
}
