import { modelTitle } from "../../lib/client/model_description.ts";
import { toJson } from "../../lib/client/model_status.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import type { ImportResult, ModelImport } from "../../lib/registry/import.ts";
import { bestLoss, epochCount } from "../../lib/registry/query.ts";
import { formatBytes, formatLoss } from "../../lib/terminal/formats.ts";
import { writeStderr, writeStdout } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";
import { type Importable, planImport, readImportable } from "../../lib/training/import_model.ts";
import { locateModel } from "../../worker/view/locate_models.ts";
import { openForAdding } from "../shared/open_registry.ts";
import { isJson } from "../shared/options.ts";
import { type ImportOptions, mayAsk } from "./options.ts";
import { askAlias, askModelType } from "./questions.ts";

/**
 * Import one model, and say what became of it. All questions are asked before anything is written.
 *
 * @throws {NotFoundError} when there is no model
 * @throws {ConflictError} when the alias is taken
 */
export async function importOne(path: string, options: ImportOptions): Promise<void> {
  const importable = await readImportable(path);
  const registry = await openForAdding(options.registry);
  for (const warning of importable.warnings) writeStderr(`warning: ${warning}\n`);
  const plan = await planImport(importable, {
    mode: options.copy ? "copy" : "link",
    modelType: await modelTypeOf(importable, options),
    runName: options.runName,
  });
  const result = await importNamed(registry, importable, plan, options);
  const located = await locateModel(registry, await registry.resolve(result.id));
  writeStdout(
    isJson(options)
      ? `${JSON.stringify({ folder: plan.folder, ...result, model: toJson(located) }, null, 2)}\n`
      : describe(located.entry, plan, result),
  );
}

async function modelTypeOf(
  { modelType, model }: Importable,
  options: ImportOptions,
): Promise<string | undefined> {
  const isKnown = modelType !== null || options.modelType !== undefined;
  return isKnown || !mayAsk(options) ? options.modelType : await askModelType(model.folder);
}

/** A model that is there already may still get the alias that was asked for. */
async function importNamed(
  registry: ModelRegistry,
  importable: Importable,
  plan: ModelImport,
  options: ImportOptions,
): Promise<ImportResult> {
  const isNew = await registry.findImported(plan) === null;
  const alias = isNew ? await newAlias(registry, importable, options) : options.alias;
  const entry = alias === undefined ? plan.entry : { ...plan.entry, alias };
  const result = await registry.importModel({ ...plan, entry });
  if (result.outcome !== "imported" && alias !== undefined) {
    await registry.setAlias(result.id, alias);
  }
  return result;
}

async function newAlias(
  registry: ModelRegistry,
  { entry, model }: Importable,
  options: ImportOptions,
): Promise<string | undefined> {
  if (options.alias !== undefined) {
    await registry.checkFreeAlias(options.alias);
    return options.alias;
  }
  return entry?.alias || !mayAsk(options) ? undefined : await askAlias(registry, model.folder);
}

const SAYS = {
  imported: "imported",
  known: "is in this registry already: nothing changed",
  repaired: "was in this registry already: its files are back",
} as const;

function describe(entry: ModelEntry, plan: ModelImport, { outcome }: ImportResult): string {
  const { epoch, bytes } = entry.checkpoint ?? {};
  const from = entry.imported_from;
  const how = from?.mode === "link" ? "links to" : "copies from";
  const parts = [
    ["Type", entry.model_type],
    ["Files", from ? `${plan.files.length} ${how} ${from.folder}` : null],
    ["Checkpoint", entry.checkpoint_path],
    ["  size", typeof bytes === "number" ? formatBytes(bytes) : null],
    ["  epoch", typeof epoch === "number" ? epoch + 1 : null],
    ["  SHA-256", entry.checkpoint?.sha256],
    ["Epochs", epochCount(entry)],
    ["Val loss", bestLoss(entry) === null ? null : formatLoss(bestLoss(entry))],
    ["Next", typedCommand(["model-info", entry.alias ?? entry.id])],
  ];
  const lines = parts.filter(([, value]) => value !== null && value !== undefined)
    .map(([label, value]) => `  ${String(label).padEnd(10)}  ${printable(String(value))}\n`);
  return `${printable(modelTitle(entry))} ${SAYS[outcome]}\n${lines.join("")}`;
}
