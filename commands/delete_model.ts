import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { modelTitle } from "../lib/client/model_description.ts";
import { SleapRtcError, UsageError } from "../lib/errors.ts";
import { treeSize } from "../lib/files/tree_size.ts";
import type { ModelEntry, ModelRegistry } from "../lib/registry.ts";
import { ownFolder } from "../lib/registry/removal.ts";
import { formatBytes } from "../lib/terminal/formats.ts";
import { confirm } from "../lib/terminal/input.ts";
import { isStderrTerminal, writeStdout } from "../lib/terminal/output.ts";
import { assertDeletable, type DeletedModel, deleteModel } from "../worker/care/delete_model.ts";
import { openForReading } from "./shared/open_registry.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  MODEL_ARGUMENT,
  registryOption,
} from "./shared/options.ts";

/** `delete-model`: take a model out of the registry, and remove its files. */
export function command(): CommandUnknownOpts {
  return new Command("delete-model")
    .summary("delete a model and its files")
    .description(
      "Delete a model: its entry, its alias and its folder. Where files are links, only the links " +
        "are removed. A model that is trained, or that a job needs, is refused.",
    )
    .argument("<model>", MODEL_ARGUMENT)
    .option("-y, --yes", "do not ask; needed where there is no terminal")
    .option("--keep-files", "leave its files where they are")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends FormatOptions {
  registry?: string | undefined;
  yes?: true | undefined;
  keepFiles?: true | undefined;
}

async function run(name: string, options: Options): Promise<void> {
  const registry = await openForReading(options.registry);
  const entry = await registry.resolve(name);
  await assertDeletable(registry, entry);
  const keepFiles = options.keepFiles === true;
  if (!options.yes) await askOnTerminal(registry, entry, keepFiles);
  const deleted = await deleteModel(registry, entry.id, { keepFiles });
  writeStdout(isJson(options) ? toJson(deleted) : describe(deleted));
}

async function askOnTerminal(
  registry: ModelRegistry,
  entry: ModelEntry,
  keepFiles: boolean,
): Promise<void> {
  if (!Deno.stdin.isTerminal() || !isStderrTerminal()) {
    throw new UsageError(`Deleting model ${entry.id} needs --yes where nobody can be asked`, {
      hint: `What would be deleted: sleap-rtc model-info ${entry.id}`,
    });
  }
  const folder = keepFiles ? null : ownFolder(registry.root, entry);
  const files = folder === null ? "Its files stay" : `${folder} ${await sizeText(folder)} with it`;
  if (await confirm(`${modelTitle(entry)}, ${entry.status}\n${files}. Delete?`)) return;
  throw new SleapRtcError(`Model ${entry.id} is not deleted`);
}

async function sizeText(folder: string): Promise<string> {
  return `(${formatBytes(await treeSize(folder))})`;
}

function toJson({ entry, kept }: DeletedModel): string {
  return `${JSON.stringify({ id: entry.id, deleted: true, files_kept_in: kept }, null, 2)}\n`;
}

function describe({ entry: { id, alias }, kept }: DeletedModel): string {
  const named = alias ? ` (${alias})` : "";
  const files = kept === null ? "" : `; its files stay in ${kept}`;
  return `model ${id}${named} is deleted${files}\n`;
}
