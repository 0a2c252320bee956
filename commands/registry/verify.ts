import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { ConflictError } from "../../lib/errors.ts";
import type { Verification } from "../../lib/registry/verify.ts";
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

/** `registry verify`: compare a registry with what is on the disk. */
export function verifyCommand(): CommandUnknownOpts {
  return new Command("verify")
    .summary("compare a registry with what is on the disk")
    .description(
      "Compare a registry with what is on the disk: its manifest, the files of all models and " +
        "their hashes, copies of entries, folders without an entry, aliases. Nothing is changed.",
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
  const found = await registry.verify();
  const { models, faults } = found;
  writeStdout(
    isJson(options)
      ? `${JSON.stringify({ root: registry.root, models, faults }, null, 2)}\n`
      : describe(found),
  );
  if (faults.length === 0) return;
  const count = faults.length === 1 ? "1 thing is" : `${faults.length} things are`;
  throw new ConflictError(`${count} wrong in registry "${registry.root}"`, {
    hint: "What to do about each is said above; nothing was changed.",
  });
}

function describe({ models, faults }: Verification): string {
  const lines = faults.map(({ message, hint }) => `${printable(message)}. ${printable(hint)}\n`);
  const count = models === 1 ? "1 model" : `${models} models`;
  return faults.length === 0 ? `${count}, all as recorded\n` : lines.join("");
}
