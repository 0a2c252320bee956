import { relative } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { SleapRtcError } from "../../lib/errors.ts";
import { formatBytes } from "../../lib/terminal/formats.ts";
import { confirm } from "../../lib/terminal/input.ts";
import { isStderrTerminal, writeStderr, writeStdout } from "../../lib/terminal/output.ts";
import { renderTable } from "../../lib/terminal/table.ts";
import {
  findGarbage,
  type GarbageOptions,
  type MeasuredGarbage,
  measureGarbage,
  removeGarbage,
} from "../../worker/care/garbage.ts";
import { openForReading } from "../shared/open_registry.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  registryOption,
} from "../shared/options.ts";

/** `registry gc`: remove what nothing needs. */
export function gcCommand(): CommandUnknownOpts {
  return new Command("gc")
    .summary("remove what nothing needs any more")
    .description(
      "Show, and after a yes remove, what nothing needs any more: abandoned and failed models, " +
        "checkpoints of attempts at completed models, uploads that no job and no model names, " +
        "predictions in the folders of jobs. Nothing that a job needs which runs or waits.",
    )
    .option("-n, --dry-run", "only show it; so it is where there is no terminal and no --yes")
    .option("-y, --yes", "do not ask")
    .option("--older-than <days>", "only what ended or was written so long ago", parseDays)
    .option("--jobs", "folders of jobs that have ended, too")
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends FormatOptions {
  registry?: string | undefined;
  dryRun?: true | undefined;
  yes?: true | undefined;
  olderThan?: number | undefined;
  jobs?: true | undefined;
}

function parseDays(text: string): number {
  const days = Number(text);
  if (text.trim() === "" || !Number.isFinite(days) || days < 0) {
    throw new InvalidArgumentError("A number of days is needed.");
  }
  return days;
}

async function run(options: Options): Promise<void> {
  const registry = await openForReading(options.registry);
  const { root } = registry;
  const wanted: GarbageOptions = { olderThanDays: options.olderThan, jobs: options.jobs };
  const found = await measureGarbage(await findGarbage(registry, wanted));
  const isAsked = found.length > 0 && !options.yes && !options.dryRun && canAsk();
  if (isAsked) writeStderr(table(root, found));
  const isWanted = found.length > 0 && !options.dryRun &&
    (options.yes === true || (isAsked && await confirm(`Remove ${summary(found)}?`)));
  if (isAsked && !isWanted) throw new SleapRtcError("Nothing is removed");
  const removed = isWanted ? await removeGarbage(registry, found, wanted) : [];
  if (isJson(options)) return writeStdout(toJson(root, isWanted ? removed : found, isWanted));
  if (found.length === 0) return writeStdout("nothing to remove\n");
  writeStdout(isWanted ? `removed ${summary(removed)}\n` : table(root, found));
  if (!isWanted) writeStderr(`Nothing is removed. To remove it: add --yes\n`);
}

function canAsk(): boolean {
  return Deno.stdin.isTerminal() && isStderrTerminal();
}

function table(root: string, found: readonly MeasuredGarbage[]): string {
  const rows = found.map(({ bytes, what, path }) => [
    formatBytes(bytes),
    what,
    relative(root, path),
  ]);
  return `${renderTable(["SIZE", "WHAT", "WHERE"], rows)}total ${formatBytes(total(found))}\n`;
}

function summary(found: readonly MeasuredGarbage[]): string {
  const things = found.length === 1 ? "1 thing" : `${found.length} things`;
  return `${things}, ${formatBytes(total(found))}`;
}

function total(found: readonly MeasuredGarbage[]): number {
  return found.reduce((sum, { bytes }) => sum + bytes, 0);
}

function toJson(root: string, items: readonly MeasuredGarbage[], isRemoved: boolean): string {
  const document = { root, removed: isRemoved, bytes: total(items), items };
  return `${JSON.stringify(document, null, 2)}\n`;
}
