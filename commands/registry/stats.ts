import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { MODEL_STATUSES, type ModelEntry } from "../../lib/registry.ts";
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

/** What a counter of the registry counts; others are shown by their name. */
const WORDS: Readonly<Record<string, string>> = {
  registered: "models registered",
  updated: "updates of entries",
  collisions: "IDs that were taken: the model got another one",
  deleted: "models deleted",
  training: "trainings taken up again",
  completed: "trainings completed",
  interrupted: "interruptions, lost connections among them",
  failed: "trainings failed",
  abandoned: "models abandoned",
  resumed: "trainings resumed",
  recovered: "resumed trainings completed",
  manifest_recovered: "recoveries of a damaged manifest",
};

/** `registry stats`: what was done in a registry. */
export function statsCommand(): CommandUnknownOpts {
  return new Command("stats")
    .summary("show what was done in a registry, and how often a resume succeeded")
    .description(
      "Show how many models a registry holds, how often what was done in it, and how many of the " +
        "resumed trainings were completed.",
    )
    .addOption(registryOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends FormatOptions {
  registry?: string | undefined;
}

interface RegistryStats {
  root: string;
  models: Record<string, number>;
  counters: Readonly<Record<string, number>>;
  /** False: a damaged manifest was rebuilt, and what it had counted may be lost. */
  counters_complete: boolean;
  recovery: {
    resumed: number;
    /** Completed after a resume. */
    recovered: number;
    /** Of 1; null: nothing was resumed. */
    success_rate: number | null;
  };
}

async function run(options: Options): Promise<void> {
  const registry = await openForReading(options.registry);
  const [entries, counters] = await Promise.all([registry.list(), registry.stats()]);
  const { resumed = 0, recovered = 0 } = counters;
  const stats: RegistryStats = {
    root: registry.root,
    models: { total: entries.length, ...countByStatus(entries) },
    counters,
    counters_complete: !counters["manifest_recovered"],
    recovery: { resumed, recovered, success_rate: resumed === 0 ? null : recovered / resumed },
  };
  writeStdout(isJson(options) ? `${JSON.stringify(stats, null, 2)}\n` : describe(stats));
}

function countByStatus(entries: readonly ModelEntry[]): Record<string, number> {
  const known = MODEL_STATUSES.map((status): [string, number] => [
    status,
    entries.filter((entry) => entry.status === status).length,
  ]);
  return Object.fromEntries(known);
}

function describe({ models, counters, counters_complete, recovery }: RegistryStats): string {
  const counted = Object.entries(counters).map(([name, count]): [string, number] => [
    WORDS[name] ?? name,
    count,
  ]);
  const { resumed, recovered, success_rate } = recovery;
  const rate = success_rate === null
    ? "nothing was resumed yet"
    : `${
      Math.round(100 * success_rate)
    } % (${recovered} of ${resumed} resumed trainings completed)`;
  return [
    "Models now",
    ...lines(Object.entries(models)),
    "",
    "Since the registry was made",
    ...(counted.length === 0 ? ["  nothing yet"] : lines(counted)),
    ...(counters_complete ? [] : ["  (rebuilt after damage: the counters may be too low)"]),
    "",
    `Recovery success rate: ${rate}`,
    "",
  ].join("\n");
}

function lines(counts: [string, number][]): string[] {
  const width = Math.max(0, ...counts.map(([, count]) => String(count).length));
  return counts.map(([name, count]) => `  ${String(count).padStart(width)}  ${printable(name)}`);
}
