/**
 * From what a client asks for to a job of this worker.
 *
 * @module
 */
import { basename, join } from "node:path";
import * as v from "valibot";
import { UsageError } from "../lib/errors.ts";
import { type TrainSubmission, TrainSubmissionSchema } from "../lib/protocol/job_submit.ts";
import { readTrainConfig, type TrainConfig } from "../lib/sleap_nn/train_config.ts";
import { readConfigText } from "../lib/sleap_nn/train_config/config_file.ts";
import { configPaths, findResolver } from "../lib/sleap_nn/train_config/paths.ts";
import { shorten } from "../lib/terminal/width.ts";
import type { ConfigSource } from "../lib/training/train_inputs.ts";
import { makeTrainRequest, type TrainRequest } from "../lib/training/train_request.ts";
import { type AllowedPaths, isInside } from "./allowed_paths.ts";

/** Where a submission is judged. */
export interface SubmissionPlace {
  /** Absolute path of the registry root. */
  root: string;
  allowed: AllowedPaths;
}

/** Labels that a configuration names are not read where others are given. */
const LABEL_KEYS = new Set(["data_config.train_labels_path", "data_config.val_labels_path"]);
const WEIGHT_KEYS = new Set([
  "model_config.pretrained_backbone_weights",
  "model_config.pretrained_head_weights",
]);
/** Columns of a value in a message. */
const MAX_SHOWN = 200;

/**
 * Check a submission and describe it as a job.
 *
 * @param submission as it came
 * @throws {UsageError} when it is none, cannot be trained, or names what the worker does not allow
 * @throws {NotFoundError} when a file is not there
 */
export async function requestOf(
  submission: unknown,
  place: SubmissionPlace,
): Promise<TrainRequest> {
  const parsed = v.safeParse(TrainSubmissionSchema, submission);
  if (!parsed.success) throw notASubmission(parsed.issues[0]);
  const asked = parsed.output;
  if (asked.resume_ckpt_path) {
    throw new UsageError("resume_ckpt_path: a training here begins anew", {
      hint: "Leave it out.",
    });
  }
  const configs = await configsOf(asked, place);
  const [labels, valLabels, pkg] = await Promise.all([
    optional(asked.labels_path, "labels_path", place),
    optional(asked.val_labels_path, "val_labels_path", place),
    optional(asked.package_path, "package_path", place),
  ]);
  const replaced = {
    train: labels !== undefined || pkg !== undefined,
    val: valLabels !== undefined,
  };
  for (const { text, source } of configs) {
    await checkConfig(readTrainConfig(text, source), replaced, place);
  }
  const request = await makeTrainRequest({
    configs,
    labels,
    valLabels,
    package: pkg,
    runName: asked.run_name ?? undefined,
    overrides: overridesOf(asked),
    uploads: join(place.root, "uploads"),
    baseDir: place.root,
  });
  await checkPackaged(request, place);
  return request;
}

async function configsOf(asked: TrainSubmission, place: SubmissionPlace): Promise<ConfigSource[]> {
  const texts = asked.config_contents ?? (asked.config_content ? [asked.config_content] : []);
  if (texts.length > 0) {
    return texts.map((text, index) => ({
      text,
      source: `config_contents[${index}]`,
      overrides: [],
    }));
  }
  const paths = asked.config_paths ?? (asked.config_path ? [asked.config_path] : []);
  return await Promise.all(paths.map(async (path, index) => {
    const real = await place.allowed.resolve(path, `config_paths[${index}]`, place.root);
    return { text: await readConfigText(real), source: basename(path), overrides: [] };
  }));
}

async function optional(
  path: string | null | undefined,
  field: string,
  { allowed, root }: SubmissionPlace,
): Promise<string | undefined> {
  return path ? await allowed.resolve(path, field, root) : undefined;
}

/** A configuration may read neither the worker's environment nor files that are not the client's. */
async function checkConfig(
  config: TrainConfig,
  replaced: { train: boolean; val: boolean },
  { allowed, root }: SubmissionPlace,
): Promise<void> {
  if (config.trainerView.has("hydra")) {
    throw new UsageError(`"${config.source}": its key "hydra" would change how it is read`, {
      hint: "Remove it.",
    });
  }
  const resolver = findResolver(config.trainerView);
  if (resolver !== null) {
    const asked = shorten(resolver, MAX_SHOWN);
    throw new UsageError(`"${config.source}" asks the worker's machine for "${asked}"`, {
      hint: "Write the value itself: a remote training resolves nothing but ${section.key}.",
    });
  }
  for (const { key, path } of configPaths(config.trainerView)) {
    const isReplaced = key === "data_config.train_labels_path" ? replaced.train : replaced.val;
    if (LABEL_KEYS.has(key) && isReplaced) continue;
    if (path.includes("${")) {
      const shown = shorten(path, MAX_SHOWN);
      throw new UsageError(`"${config.source}": ${key} is "${shown}", which cannot be checked`, {
        hint: "Write the path itself.",
      });
    }
    const real = await allowed.resolve(path, `"${config.source}", ${key}`, root);
    if (WEIGHT_KEYS.has(key)) refuseUploaded(real, `"${config.source}", ${key}`, root);
  }
}

/** sleap-nn 0.3.5 unpickles them (`torch.load(…, weights_only=False)`): they can be a program. */
function refuseUploaded(path: string, field: string, root: string): void {
  if (!isInside(path, join(root, "uploads"))) return;
  throw new UsageError(`${field}: weights that a client has uploaded are not loaded`, {
    hint: "Weights can hold a program. Put them into a folder that the worker mounts.",
  });
}

/** The configurations of a package are known only once it is unpacked; its labels replace theirs. */
async function checkPackaged(request: TrainRequest, place: SubmissionPlace): Promise<void> {
  for (const { config, script_overrides } of request.spec.models) {
    const text = request.configs.get(config) ?? "";
    const read = readTrainConfig(text, config).withOverrides(script_overrides);
    const { labels_path, val_labels_path } = request.spec;
    const replaced = { train: labels_path !== null, val: val_labels_path !== null };
    await checkConfig(read, replaced, place);
  }
}

function overridesOf(asked: TrainSubmission): TrainRequest["spec"]["overrides"] {
  return {
    ...(asked.max_epochs ? { max_epochs: asked.max_epochs } : {}),
    ...(asked.batch_size ? { batch_size: asked.batch_size } : {}),
    ...(asked.learning_rate ? { learning_rate: asked.learning_rate } : {}),
  };
}

function notASubmission(issue: v.BaseIssue<unknown>): UsageError {
  const field = v.getDotPath(issue as v.BaseIssue<unknown> & { path?: never });
  return new UsageError(`${field ?? "submission"}: ${issue.message}`, {
    hint: 'The worker understands trainings (type "train").',
  });
}
