/**
 * Everything that is known about a model, for people.
 *
 * @module
 */
import { join } from "node:path";
import type { ModelEntry } from "../registry.ts";
import { epochCount } from "../registry/query.ts";
import { formatBytes, formatDuration, formatLoss, formatTime } from "../terminal/formats.ts";
import { printable } from "../terminal/printable.ts";
import { styled } from "../terminal/table.ts";
import { displayWidth } from "../terminal/width.ts";
import type { FileState, LocatedModel } from "../registry/located_model.ts";
import { flatFields } from "./flat_fields.ts";
import { statusText } from "./model_status.ts";

type Field = [label: string, value: unknown];
type Attempt = NonNullable<ModelEntry["attempts"]>[number];

/** Keys that are shown under a label of their own; all others follow as they are stored. */
const SHOWN = new Set([
  "id",
  "alias",
  "model_type",
  "status",
  "reason",
  "error",
  "warning",
  "tags",
  "notes",
  "run_name",
  "metrics",
  "last_epoch",
  "created_at",
  "completed_at",
  "interrupted_at",
  "failed_at",
  "imported_at",
  "imported_from",
  "metadata",
  "sleap_nn_version",
  "checkpoint_path",
  "checkpoint",
  "last_checkpoint_path",
  "config_path",
  "job_id",
  "attempts",
  "history",
  "full_hash",
  "training_job_hash",
  "labels_sha256",
  "training_hyperparameters",
]);
/** `running` is about the time after a lost connection: false, it would seem to deny the status. */
const SHOWN_UNDER_WAY = new Set([...SHOWN, "running"]);
const NEXT_WITHOUT_SUPERVISOR =
  "the next `sleap-rtc train --local` in this registry ends what is left of the trainer and books " +
  "the model: interrupted if there is a checkpoint, failed if not";
const SHOWN_METRICS = new Set([
  "final_val_loss",
  "best_val_loss",
  "best_epoch",
  "epochs_completed",
]);
const SHOWN_METADATA = new Set(["dataset", "gpu_model", "training_duration_seconds"]);
const SHOWN_OF_CHECKPOINT = new Set(["epoch", "bytes", "sha256"]);
const SHOWN_OF_IMPORT = new Set(["folder", "mode"]);
const SHOWN_OF_ATTEMPT = new Set([
  "job_id",
  "attempt",
  "first_epoch",
  "last_epoch",
  "started_from",
]);

/** Options of {@linkcode describeModel}. */
export interface DescribeModelOptions {
  /** @default {false} */
  isColoured?: boolean;
  /** Paths in the entry, as stored, whose file is not there. */
  missingFiles: ReadonlySet<string>;
  /** The files themselves, by their path as stored, where this machine holds them. */
  fileStates?: ReadonlyMap<string, FileState> | undefined;
}

/** What a model is called: `Model: mouse-v2 (a3f5e8c9)`. */
export function modelTitle({ id, alias }: ModelEntry): string {
  return `Model: ${alias ? `${alias} (${id})` : id}`;
}

/** The description of a model, in groups of `label: value` lines; nothing stored is left out. */
export function describeModel(model: LocatedModel, options: DescribeModelOptions): string {
  const { entry } = model;
  const bold = (text: string) => styled(printable(text), "bold", options.isColoured ?? false);
  const groups: [title: string, fields: Field[]][] = [
    ["Training", training(entry)],
    ["Files", files(entry, options)],
    ["Job", job(model)],
    ["Attempts", attempts(entry)],
    ["History", history(entry)],
    ["Identity", identity(entry)],
    ["Hyperparameters", flatFields(entry.training_hyperparameters ?? {})],
    ["Other", remaining(entry, isUnderWay(model) ? SHOWN_UNDER_WAY : SHOWN)],
  ];
  const texts = groups.flatMap(([name, fields]) => {
    const lines = fieldLines(fields);
    return lines === "" ? [] : `${bold(name)}\n${lines}`;
  });
  return [`${bold(modelTitle(entry))}\n${fieldLines(overview(model))}`, ...texts].join("\n");
}

function overview(model: LocatedModel): Field[] {
  const { entry } = model;
  return [
    ["Type", entry.model_type],
    ["Status", statusText(model)],
    ["Next", model.supervised || !entry.job_id ? null : NEXT_WITHOUT_SUPERVISOR],
    ["Reason", entry.reason],
    ["Error", entry.error],
    ["Warning", entry.warning],
    ["Run name", entry.run_name],
    ["Tags", entry.tags && entry.tags.length > 0 ? entry.tags.join(", ") : null],
    ["Notes", entry.notes],
  ];
}

function isUnderWay({ entry, supervised }: LocatedModel): boolean {
  return entry.status === "training" && supervised && !entry.running;
}

function training(entry: ModelEntry): Field[] {
  const metrics = entry.metrics ?? {};
  const metadata = entry.metadata ?? {};
  const epochs = epochCount(entry);
  const lastEpoch = count(entry.last_epoch);
  return [
    ["Epochs", epochs],
    ["Last epoch", lastEpoch === epochs ? null : lastEpoch],
    ["Val loss", loss(metrics["best_val_loss"], metrics["best_epoch"], "best")],
    ["Last val loss", loss(metrics["final_val_loss"], null, "last")],
    ["Created", time(entry.created_at)],
    ["Completed", time(entry.completed_at)],
    ["Interrupted", time(entry.interrupted_at)],
    ["Failed", time(entry.failed_at)],
    ["Imported", time(entry.imported_at)],
    ["Duration", duration(metadata["training_duration_seconds"])],
    ["Data set", metadata["dataset"]],
    ["GPU", metadata["gpu_model"]],
    ["sleap-nn", entry.sleap_nn_version],
    ...remaining(metrics, SHOWN_METRICS),
    ...remaining(metadata, SHOWN_METADATA),
  ];
}

function files(entry: ModelEntry, options: DescribeModelOptions): Field[] {
  const { checkpoint_path, last_checkpoint_path, config_path, imported_from } = entry;
  const { missingFiles, fileStates } = options;
  const checkpoint = entry.checkpoint ?? {};
  const file = (path: string | null | undefined) =>
    path ? `${path} (${existence(path, missingFiles, fileStates?.get(path))})` : null;
  const state = checkpoint_path ? fileStates?.get(checkpoint_path) : undefined;
  const isImportBroken = missingFiles.size > 0 && Boolean(imported_from);
  return [
    ["Imported from", imported_from ? `${imported_from.folder} (${imported_from.mode})` : null],
    ...indented(remaining(imported_from ?? {}, SHOWN_OF_IMPORT)),
    ["Checkpoint", file(checkpoint_path)],
    ["  epoch", count(entry.checkpoint?.epoch)],
    ["  size", size(entry.checkpoint?.bytes ?? state?.bytes)],
    ["  SHA-256", entry.checkpoint?.sha256],
    ["  state", state?.exists ? stateText(state) : null],
    ["  written", time(state?.modifiedAt)],
    ...indented(remaining(checkpoint, SHOWN_OF_CHECKPOINT)),
    [
      "Last checkpoint",
      last_checkpoint_path === checkpoint_path ? null : file(last_checkpoint_path),
    ],
    ["Configuration", file(config_path)],
    ["Repair", isImportBroken ? "sleap-rtc import-model DIR: where its files are now" : null],
  ];
}

function existence(path: string, missing: ReadonlySet<string>, state?: FileState): string {
  if (!missing.has(path)) return "exists";
  return state?.target === undefined ? "MISSING" : `MISSING: a link to ${state.target}`;
}

/** Is the checkpoint what was recorded? */
function stateText(state: FileState): string {
  if (state.hasRecordedHash === true) return "its SHA-256 is as recorded";
  if (state.hasRecordedHash === false) return `CHANGED: its SHA-256 is ${state.sha256}`;
  if (state.hasRecordedSize === false) return `CHANGED: it has ${state.bytes} bytes`;
  if (state.sha256 !== undefined) return `its SHA-256 is ${state.sha256}, none is recorded`;
  return state.hasRecordedSize === true
    ? "its size is as recorded (its SHA-256: --verify)"
    : "nothing is recorded to compare it with";
}

function job({ entry, location }: LocatedModel): Field[] {
  const { job_id } = entry;
  return [
    ["Job", job_id],
    ["Log", job_id ? join(location.root, "jobs", job_id, "log.txt") : null],
    ["Registry", location.root],
    ["Host", location.host],
  ];
}

/** One attempt after the other: which job, which epochs, and what it continued from. */
function attempts(entry: ModelEntry): Field[] {
  return (entry.attempts ?? []).flatMap((attempt): Field[] => [
    [`Attempt ${attempt.attempt}`, `${attempt.job_id}, ${epochsOf(attempt)}`],
    ["  from", startOf(attempt)],
    ...indented(remaining(attempt, SHOWN_OF_ATTEMPT)),
  ]);
}

function history(entry: ModelEntry): Field[] {
  return (entry.history ?? []).map((change): Field => {
    const { time: at, status, running, reason, job_id, ...others } = change;
    const state = running ? `${status} (running)` : status;
    const parts = [state, reason ?? null, job_id ?? null, ...Object.values(others).map(text)];
    return [time(at) ?? at, parts.filter((part) => part !== null).join(", ")];
  });
}

function epochsOf({ first_epoch, last_epoch }: Attempt): string {
  const [first, last] = [count(first_epoch), count(last_epoch)];
  if (first === null && last === null) return "no epoch finished";
  return `epochs ${first ?? "?"} to ${last ?? "?"}`;
}

function startOf({ started_from }: Attempt): string | null {
  if (!started_from) return null;
  const { path, epoch, sha256 } = started_from;
  return `${path}, epoch ${epoch + 1}, SHA-256 ${sha256}`;
}

function identity(entry: ModelEntry): Field[] {
  return [
    ["Full hash", entry.full_hash],
    ["Data MD5", entry.training_job_hash],
    ["Labels SHA-256", entry.labels_sha256],
  ];
}

function remaining(values: Record<string, unknown>, shown: ReadonlySet<string>): Field[] {
  return Object.entries(values).filter(([key]) => !shown.has(key));
}

function indented(fields: Field[]): Field[] {
  return fields.map(([label, value]) => [`  ${label}`, value]);
}

function fieldLines(fields: readonly Field[]): string {
  const known = fields.filter(([, value]) => value !== null && value !== undefined)
    .map(([label, value]) => ({ label: printable(label), lines: text(value).split("\n") }));
  const width = Math.max(...known.map(({ label }) => displayWidth(label)));
  return known.map(({ label, lines }) => {
    const padding = " ".repeat(width - displayWidth(label));
    const value = lines.map(printable).join(`\n    ${" ".repeat(width)}`);
    return `  ${label}${padding}  ${value}`.trimEnd() + "\n";
  }).join("");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Stored epochs are indices from 0; people count from 1. */
function count(epoch: number | null | undefined): number | null {
  return typeof epoch === "number" ? epoch + 1 : null;
}

function loss(value: unknown, epoch: unknown, what: string): string | null {
  const isKnown = value !== null && value !== undefined;
  if (!isKnown && typeof epoch !== "number") return null;
  const shown = isKnown && typeof value !== "number" ? text(value) : formatLoss(value);
  return `${shown} (${typeof epoch === "number" ? `${what}, epoch ${epoch + 1}` : what})`;
}

function time(value: string | null | undefined): string | null {
  if (!value) return null;
  const shown = formatTime(value);
  return shown === "-" ? value : shown;
}

function duration(seconds: unknown): unknown {
  return typeof seconds === "number" ? formatDuration(seconds) : seconds;
}

function size(bytes: number | null | undefined): string | null {
  if (typeof bytes !== "number") return null;
  return bytes < 1000 ? formatBytes(bytes) : `${formatBytes(bytes)} (${bytes} bytes)`;
}
