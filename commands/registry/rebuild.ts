import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { RebuildOutcome } from "../../lib/registry.ts";
import type { ReturnedEntry } from "../../lib/registry/rebuild_sources.ts";
import { writeStdout } from "../../lib/terminal/output.ts";
import { printable } from "../../lib/terminal/printable.ts";
import { openForReading } from "../shared/open_registry.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  registryOption,
} from "../shared/options.ts";

/** `registry rebuild`: make the manifest anew from all that is known. */
export function rebuildCommand(): CommandUnknownOpts {
  return new Command("rebuild")
    .summary("make a registry's manifest anew from all that is known")
    .description(
      "Make the manifest anew from itself, its backup and the model.json of every model folder, " +
        "and write copies of entries again that are missing or differ.",
    )
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends FormatOptions {
  registry?: string | undefined;
}

async function run(options: Options): Promise<void> {
  const registry = await openForReading(options.registry);
  const outcome = await registry.rebuild();
  writeStdout(isJson(options) ? toJson(registry.root, outcome) : describe(outcome));
}

function toJson(root: string, { models, kept, returned }: RebuildOutcome): string {
  const back = returned.map(({ id, modelType, from, isUpdate }) => ({
    id,
    model_type: modelType,
    from,
    updated: isUpdate,
  }));
  return `${JSON.stringify({ root, models, kept, returned: back }, null, 2)}\n`;
}

function describe({ models, kept, returned }: RebuildOutcome): string {
  const count = models === 1 ? "1 model" : `${models} models`;
  return [
    ...returned.map(returnedText),
    ...(kept === null ? [] : [`the damaged manifest is kept as ${printable(kept)}`]),
    `${count}${returned.length === 0 ? ": nothing had to come back" : ""}`,
    "",
  ].join("\n");
}

const PLACES: Record<ReturnedEntry["from"], string> = {
  "backup": "manifest.backup.json",
  "model.json": "its model.json",
  "damaged manifest": "what is sound of the damaged manifest",
};

function returnedText({ id, modelType, from, isUpdate }: ReturnedEntry): string {
  const what = isUpdate ? "has a newer version" : "came back";
  return printable(`${modelType ?? "model"} ${id} ${what}: from ${PLACES[from]}`);
}
