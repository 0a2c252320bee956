import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { isCheckpointGone, statusText, toJson } from "../lib/client/model_status.ts";
import { findJoinedRoom, joinedRooms } from "../lib/credentials.ts";
import {
  MODEL_STATUSES,
  type ModelEntry,
  type ModelRegistry,
  type ModelStatus,
} from "../lib/registry.ts";
import type { LocatedModel } from "../lib/registry/located_model.ts";
import {
  bestLoss,
  epochCount,
  queryModels,
  SORT_KEYS,
  type SortKey,
} from "../lib/registry/query.ts";
import { formatLoss, formatTime } from "../lib/terminal/formats.ts";
import {
  isStdoutColoured,
  stdoutColumns,
  writeStderr,
  writeStdout,
} from "../lib/terminal/output.ts";
import { renderTable, type Style } from "../lib/terminal/table.ts";
import { shorten } from "../lib/terminal/width.ts";
import { locateModels } from "../worker/view/locate_models.ts";
import { asksWorkers } from "./shared/asks_workers.ts";
import { openForReading } from "./shared/open_registry.ts";
import {
  formatOption,
  type FormatOptions,
  isJson,
  jsonOption,
  parseCount,
  type PlaceOptions,
  registryOption,
  workerOption,
  workersRoomOption,
} from "./shared/options.ts";

const COLUMNS = ["ID", "ALIAS", "TYPE", "STATUS", "EPOCHS", "VAL LOSS", "CREATED", "DATASET"];
const STATUS_COLUMN = COLUMNS.indexOf("STATUS");
/** Shortened, the first one first, where the terminal is too narrow. */
const FLEXIBLE_COLUMNS = ["DATASET", "ALIAS"].map((title) => COLUMNS.indexOf(title));
/** Columns of the terminal; `model-info` and JSON give the whole alias. */
const MAX_ALIAS_WIDTH = 15;

/** `list-models`: the models of a registry. */
export function command(): CommandUnknownOpts {
  return new Command("list-models")
    .summary("list the models of a registry")
    .description("List the models of a registry, newest first.")
    .addOption(new Option("--status <status>", "only this status").choices(MODEL_STATUSES))
    .option("--model-type <type>", "only this type, e.g. centroid")
    .option(
      "--search <text>",
      "only where ID, alias, run name, type, data set, tags or notes contain it",
    )
    .addOption(
      new Option("--sort <key>", "order: newest, name, type, or lowest loss first")
        .choices(SORT_KEYS).default("date" as SortKey),
    )
    .option("--reverse", "turn the order round")
    .option("--limit <n>", "at most so many", parseCount)
    .addOption(registryOption())
    .addOption(workersRoomOption())
    .addOption(workerOption())
    .addOption(formatOption())
    .addOption(jsonOption())
    .action(run);
}

interface Options extends PlaceOptions, FormatOptions {
  status?: ModelStatus | undefined;
  modelType?: string | undefined;
  search?: string | undefined;
  sort: SortKey;
  reverse?: true | undefined;
  limit?: number | undefined;
}

async function run(options: Options): Promise<void> {
  const isRemote = asksWorkers(options);
  const models = isRemote ? await listOfWorkers(options) : await listHere(options);
  if (isJson(options)) {
    writeStdout(`${JSON.stringify(models.map(toJson), null, 2)}\n`);
  } else if (models.length > 0) {
    writeStdout(table(models, isRemote));
  }
}

async function listHere(options: Options): Promise<LocatedModel[]> {
  const registry = await openForReading(options.registry);
  const entries = await registry.list({
    ...(options.status === undefined ? {} : { status: options.status }),
    ...(options.modelType === undefined ? {} : { modelType: options.modelType }),
  });
  const models = await locateModels(registry, queryModels(entries, options));
  if (models.length === 0) await sayWhyEmpty(registry);
  return models;
}

async function listOfWorkers(options: Options): Promise<LocatedModel[]> {
  const { listRemoteModels } = await import("../lib/client/remote_models.ts");
  const room = await findJoinedRoom(options.room);
  const found = await listRemoteModels(room, options.worker, options);
  const byEntry = new Map(found.map((model) => [model.entry, model]));
  const models = queryModels(newestFirst(found), options)
    .flatMap((entry) => byEntry.get(entry) ?? []);
  if (models.length === 0) writeStderr(`No models of workers in room ${room.room_id} fit\n`);
  return models;
}

/** As one registry lists them, over all workers. */
function newestFirst(models: readonly LocatedModel[]): ModelEntry[] {
  const created = (entry: ModelEntry) => Date.parse(entry.created_at ?? "") || 0;
  return models.map(({ entry }) => entry).sort((a, b) => created(b) - created(a));
}

function table(models: readonly LocatedModel[], isRemote: boolean): string {
  const columns = isRemote ? [...COLUMNS, "WORKER"] : COLUMNS;
  const rows = models.map((model) =>
    isRemote ? [...row(model), model.location.worker ?? "-"] : row(model)
  );
  return renderTable(columns, rows, {
    isColoured: isStdoutColoured(),
    maxWidth: stdoutColumns() ?? Infinity,
    flexible: FLEXIBLE_COLUMNS,
    styleOf: (row, column) => column === STATUS_COLUMN ? statusStyle(models[row]) : null,
  });
}

function row(model: LocatedModel): string[] {
  const { entry } = model;
  return [
    entry.id,
    shorten(entry.alias ?? "-", MAX_ALIAS_WIDTH),
    entry.model_type ?? "-",
    statusText(model),
    String(epochCount(entry) ?? "-"),
    formatLoss(bestLoss(entry)),
    formatTime(entry.created_at),
    String(entry.metadata?.["dataset"] ?? "-"),
  ];
}

function statusStyle(model: LocatedModel | undefined): Style | null {
  if (model === undefined || !model.supervised || isCheckpointGone(model)) return "red";
  switch (model.entry.status) {
    case "completed":
      return "green";
    case "training":
      return "cyan";
    case "interrupted":
      return "yellow";
    default:
      return "red";
  }
}

async function hintOfEmpty(): Promise<string> {
  const rooms = await joinedRooms().catch(() => []);
  const commands = rooms.map(({ room_id }) => `sleap-rtc list-models --room ${room_id}`);
  if (commands.length === 0) return "Train one: sleap-rtc train --local --help";
  return `The models of workers: ${commands.join(", ")}`;
}

async function sayWhyEmpty(registry: ModelRegistry): Promise<void> {
  const all = (await registry.list()).length;
  writeStderr(
    all === 0
      ? `No models in ${registry.root}\nhint: ${await hintOfEmpty()}\n`
      : `None of the ${all} models in ${registry.root} fits these filters\n`,
  );
}
