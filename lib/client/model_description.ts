/**
 * Everything that is known about a model, for people.
 *
 * @module
 */
import { join } from "node:path";
import type { ModelEntry } from "../registry.ts";
import { formatBytes, formatDuration, formatLoss, formatTime } from "../terminal/formats.ts";
import { displayWidth } from "../terminal/table.ts";
import { type LocatedModel, statusText } from "./model_status.ts";

type Field = [label: string, value: unknown];

/** Keys that are shown under a label of their own; all others follow as they are stored. */
const SHOWN = new Set([
  "id",
  "alias",
  "model_type",
  "status",
  "reason",
  "error",
  "warning",
  "running",
  "run_name",
  "metrics",
  "last_epoch",
  "created_at",
  "completed_at",
  "interrupted_at",
  "failed_at",
  "metadata",
  "sleap_nn_version",
  "checkpoint_path",
  "checkpoint",
  "last_checkpoint_path",
  "config_path",
  "job_id",
  "model_index",
  "attempts",
  "full_hash",
  "training_job_hash",
  "labels_sha256",
  "training_hyperparameters",
  "booked",
  "revision",
]);
const SHOWN_METRICS = new Set([
  "final_val_loss",
  "best_val_loss",
  "best_epoch",
  "epochs_completed",
]);
const SHOWN_METADATA = new Set(["dataset", "gpu_model", "training_duration_seconds"]);

/** The description of a model, in groups of `label: value` lines. */
export function describeModel(model: LocatedModel): string {
  const { entry } = model;
  const groups: [title: string, fields: Field[]][] = [
    ["", overview(model)],
    ["Training", training(entry)],
    ["Files", files(model)],
    ["Job", job(model)],
    ["Identity", identity(entry)],
    ["Hyperparameters", hyperparameters(entry)],
    ["Other", Object.entries(entry).filter(([key]) => !SHOWN.has(key))],
  ];
  const title = entry.alias ? `Model: ${entry.alias} (${entry.id})` : `Model: ${entry.id}`;
  const texts = groups.map(([name, fields]) => group(name, fields)).filter((text) => text !== "");
  return [`${title}\n`, ...texts].join("\n").replace("\n\n", "\n");
}

function overview(model: LocatedModel): Field[] {
  const { entry } = model;
  return [
    ["Type", entry.model_type],
    ["Status", statusText(model)],
    ["Reason", entry.reason],
    ["Error", entry.error],
    ["Warning", entry.warning],
    ["Run name", entry.run_name],
  ];
}

function training(entry: ModelEntry): Field[] {
  const metrics = entry.metrics ?? {};
  const metadata = entry.metadata ?? {};
  const seconds = metadata["training_duration_seconds"];
  return [
    ["Epochs", metrics["epochs_completed"]],
    ["Val loss", loss(metrics["best_val_loss"], metrics["best_epoch"], "best")],
    ["Last val loss", loss(metrics["final_val_loss"], null, "last")],
    ["Created", time(entry.created_at)],
    ["Completed", time(entry.completed_at)],
    ["Interrupted", time(entry.interrupted_at)],
    ["Failed", time(entry.failed_at)],
    ["Duration", typeof seconds === "number" ? formatDuration(seconds) : null],
    ["Data set", metadata["dataset"]],
    ["GPU", metadata["gpu_model"]],
    ["sleap-nn", entry.sleap_nn_version],
    ...remaining(metrics, SHOWN_METRICS),
    ...remaining(metadata, SHOWN_METADATA),
  ];
}

function files({ entry, checkpointExists }: LocatedModel): Field[] {
  const path = entry.checkpoint_path;
  const { epoch, bytes, sha256 } = entry.checkpoint ?? {};
  return [
    ["Checkpoint", path ? `${path} (${checkpointExists ? "exists" : "MISSING"})` : null],
    ["  epoch", epoch === undefined ? null : epoch + 1],
    ["  size", bytes === undefined ? null : formatBytes(bytes)],
    ["  SHA-256", sha256],
    ["Last checkpoint", entry.last_checkpoint_path === path ? null : entry.last_checkpoint_path],
    ["Configuration", entry.config_path],
  ];
}

function job({ entry, location }: LocatedModel): Field[] {
  const { job_id, attempts } = entry;
  return [
    ["Job", job_id],
    ["Log", job_id ? join(location.root, "jobs", job_id, "log.txt") : null],
    ["Attempts", attempts && attempts.length > 1 ? attempts.length : null],
    ["Registry", location.root],
    ["Host", location.host],
  ];
}

function identity(entry: ModelEntry): Field[] {
  return [
    ["Full hash", entry.full_hash],
    ["Data MD5", entry.training_job_hash],
    ["Labels SHA-256", entry.labels_sha256],
  ];
}

function hyperparameters(entry: ModelEntry): Field[] {
  return Object.entries(entry.training_hyperparameters ?? {});
}

function remaining(values: Record<string, unknown>, shown: ReadonlySet<string>): Field[] {
  return Object.entries(values).filter(([key]) => !shown.has(key));
}

function group(title: string, fields: readonly Field[]): string {
  const known = fields.filter(([, value]) => value !== null && value !== undefined);
  if (known.length === 0) return "";
  const width = Math.max(...known.map(([label]) => displayWidth(label)));
  const lines = known.map(([label, value]) => {
    const padding = " ".repeat(width - displayWidth(label));
    return `  ${label}${padding}  ${text(value).replaceAll("\n", `\n    ${" ".repeat(width)}`)}\n`;
  });
  return (title === "" ? "" : `${title}\n`) + lines.join("");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function loss(value: unknown, epoch: unknown, what: string): string | null {
  if (typeof value !== "number") return null;
  const place = typeof epoch === "number" ? `${what}, epoch ${epoch + 1}` : what;
  return `${formatLoss(value)} (${place})`;
}

function time(value: string | null | undefined): string | null {
  return value ? formatTime(value) : null;
}
