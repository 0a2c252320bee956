/**
 * What a Python client (0.0.7) is told of its job, and what it asks of it, beside `JOB_SUBMIT`
 * (lib/protocol/job_submit.ts):
 *
 * ```
 * client → worker   JOB_STOP, JOB_CANCEL, JOB_CANCEL::{job ID}
 *                   CONTROL_COMMAND::{json}, ZMQ_CTRL::{json}: `stop` or `cancel`
 * worker → client   JOB_LOG::{line}, JOB_LOG::CR::{line}: one that the next overwrites
 *                   JOB_PROGRESS::{json}, MODEL_TYPE::{type}
 *                   FILE_META::{name}:{bytes}:{hint}, binary messages, END_OF_FILE
 *                   JOB_COMPLETE::{json} or JOB_FAILED::{json}, INFERENCE_SKIPPED::{json}
 * ```
 *
 * @module
 */
import * as v from "valibot";
import { jsonDepth } from "./json_depth.ts";

/** Deepest nesting that is read. */
const MAX_DEPTH = 8;
const jobType = v.picklist(["train", "track"]);
const seconds = v.pipe(v.number(), v.minValue(0));

const ProgressSchema = v.object({
  /** 0-based. */
  epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  loss: v.optional(v.number()),
  val_loss: v.optional(v.number()),
});
const CompleteSchema = v.object({
  job_id: v.string(),
  job_type: jobType,
  duration_seconds: seconds,
  success: v.literal(true),
  stopped_early: v.boolean(),
  /** On the worker. */
  output_path: v.optional(v.string()),
});
const FailedSchema = v.object({
  job_id: v.string(),
  job_type: jobType,
  duration_seconds: v.optional(seconds),
  message: v.string(),
  /** The message again, where other clients look for it. */
  error: v.optional(v.string()),
});
const SkippedSchema = v.object({ reason: v.string() });
const ControlSchema = v.object({ command: v.picklist(["stop", "cancel"]) });

/** One message about a job. */
export type LegacyJobMessage =
  | { type: "stop" }
  /** Null: the job that was submitted last. */
  | { type: "cancel"; jobId: string | null }
  | { type: "control"; command: "stop" | "cancel" }
  | { type: "log"; text: string; isOverwritten: boolean }
  | { type: "progress"; progress: v.InferOutput<typeof ProgressSchema> }
  | { type: "model_type"; modelType: string }
  | { type: "file_meta"; name: string; bytes: number; hint: string }
  | { type: "end_of_file" }
  | { type: "complete"; result: v.InferOutput<typeof CompleteSchema> }
  | { type: "failed"; failure: v.InferOutput<typeof FailedSchema> }
  | { type: "inference_skipped"; reason: string };

/** One message as text; colons in a file's name or hint, which cannot be sent, become `_`. */
export function encodeLegacyJob(message: LegacyJobMessage): string {
  switch (message.type) {
    case "stop":
      return "JOB_STOP";
    case "cancel":
      return message.jobId === null ? "JOB_CANCEL" : `JOB_CANCEL::${message.jobId}`;
    case "control":
      return `CONTROL_COMMAND::${JSON.stringify({ command: message.command })}`;
    case "log":
      return `JOB_LOG::${message.isOverwritten ? "CR::" : ""}${message.text}`;
    case "progress":
      return `JOB_PROGRESS::${JSON.stringify(message.progress)}`;
    case "model_type":
      return `MODEL_TYPE::${message.modelType}`;
    case "file_meta":
      return `FILE_META::${colonless(message.name)}:${message.bytes}:${colonless(message.hint)}`;
    case "end_of_file":
      return "END_OF_FILE";
    case "complete":
      return `JOB_COMPLETE::${JSON.stringify(message.result)}`;
    case "failed":
      return `JOB_FAILED::${JSON.stringify(message.failure)}`;
    case "inference_skipped":
      return `INFERENCE_SKIPPED::${JSON.stringify({ reason: message.reason })}`;
  }
}

/**
 * Read one message.
 *
 * @returns the message, or null for any other text
 */
export function decodeLegacyJob(text: string): LegacyJobMessage | null {
  const separator = text.indexOf("::");
  return separator < 0
    ? decodeWord(text)
    : decodeArgument(text.slice(0, separator), text.slice(separator + 2));
}

function decodeWord(word: string): LegacyJobMessage | null {
  if (word === "JOB_STOP") return { type: "stop" };
  if (word === "JOB_CANCEL") return { type: "cancel", jobId: null };
  return word === "END_OF_FILE" ? { type: "end_of_file" } : null;
}

function decodeArgument(word: string, argument: string): LegacyJobMessage | null {
  switch (word) {
    case "JOB_CANCEL":
      return /^[\w-]{1,64}$/.test(argument) ? { type: "cancel", jobId: argument } : null;
    case "CONTROL_COMMAND":
    case "ZMQ_CTRL": {
      const control = parse(ControlSchema, argument);
      return control && { type: "control", command: control.command };
    }
    case "JOB_LOG": {
      const isOverwritten = argument.startsWith("CR::");
      return { type: "log", text: isOverwritten ? argument.slice(4) : argument, isOverwritten };
    }
    case "JOB_PROGRESS": {
      const progress = parse(ProgressSchema, argument);
      return progress && { type: "progress", progress };
    }
    case "MODEL_TYPE":
      return { type: "model_type", modelType: argument };
    case "FILE_META":
      return decodeFileMeta(argument);
    case "JOB_COMPLETE": {
      const result = parse(CompleteSchema, argument);
      return result && { type: "complete", result };
    }
    case "JOB_FAILED": {
      const failure = parse(FailedSchema, argument);
      return failure && { type: "failed", failure };
    }
    case "INFERENCE_SKIPPED": {
      const skipped = parse(SkippedSchema, argument);
      return skipped && { type: "inference_skipped", reason: skipped.reason };
    }
    default:
      return null;
  }
}

function decodeFileMeta(argument: string): LegacyJobMessage | null {
  const [, name, bytes, hint] = /^([^:]+):(\d{1,15}):([^:]*)$/.exec(argument) ?? [];
  if (name === undefined || hint === undefined) return null;
  return { type: "file_meta", name, bytes: Number(bytes), hint };
}

/** Python clients split at colons. */
function colonless(text: string): string {
  return text.replaceAll(":", "_");
}

function parse<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> | null {
  if (jsonDepth(text) > MAX_DEPTH) return null;
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}
