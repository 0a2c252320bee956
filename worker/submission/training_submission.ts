/**
 * From what a client asks for to a job of this worker.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { ConflictError, UsageError } from "../../lib/errors.ts";
import { type TrainSubmission, TrainSubmissionSchema } from "../../lib/protocol/job_submit.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import { readTrainConfig } from "../../lib/sleap_nn/train_config.ts";
import { readConfigText } from "../../lib/sleap_nn/train_config/config_file.ts";
import type { ConfigSource } from "../../lib/training/train_inputs.ts";
import { makeTrainRequest, type TrainRequest } from "../../lib/training/train_request.ts";
import { resumeRequest } from "../resume/resume_request.ts";
import { type NamedFilesPlace, namedVideos, resolveVideo } from "./named_files.ts";
import { checkSubmittedConfig } from "./submitted_config.ts";

/** What a resumed training takes from the first one. */
const NOT_WITH_RESUME = [
  "config_content",
  "config_path",
  "config_contents",
  "config_paths",
  "labels_path",
  "val_labels_path",
  "package_path",
  "run_name",
  "alias",
  "batch_size",
  "learning_rate",
  "resume_ckpt_path",
] as const;

/** Where a submission is judged. */
export interface SubmissionPlace extends NamedFilesPlace {
  registry: ModelRegistry;
}

/**
 * Check a submission and describe it as a job.
 *
 * @param submission as it came
 * @throws {UsageError} when it is none, cannot be trained, or names what the worker does not allow
 * @throws {NotFoundError} when a file is not there
 * @throws {ConflictError} when an uploaded file was damaged since, or the alias is taken
 */
export async function requestOf(
  submission: unknown,
  place: SubmissionPlace,
): Promise<TrainRequest> {
  const parsed = v.safeParse(TrainSubmissionSchema, submission);
  if (!parsed.success) throw notASubmission(parsed.issues[0]);
  const asked = parsed.output;
  if (asked.resume_model) return await resumedTraining(asked, asked.resume_model, place.registry);
  if (asked.restart) {
    throw new UsageError("restart: only a model that is resumed begins again", {
      hint: "Name it: resume_model.",
    });
  }
  const request = await newTraining(asked, place);
  if (!asked.idempotency_key) return request;
  return { ...request, spec: { ...request.spec, idempotency_key: asked.idempotency_key } };
}

/** The idempotency key of a submission that was not checked yet; null: it has none, or a wrong one. */
export function idempotencyKeyOf(submission: unknown): string | null {
  const { idempotency_key } = TrainSubmissionSchema.entries;
  const parsed = v.safeParse(v.object({ idempotency_key }), submission);
  return parsed.success ? parsed.output.idempotency_key ?? null : null;
}

async function resumedTraining(
  asked: TrainSubmission,
  model: string,
  registry: ModelRegistry,
): Promise<TrainRequest> {
  for (const field of NOT_WITH_RESUME) {
    if (asked[field] === undefined || asked[field] === null) continue;
    throw new UsageError(`${field}: a model is resumed with what it was trained with`, {
      hint: "Leave it out; only max_epochs may be another.",
    });
  }
  return await resumeRequest(registry, model, {
    restart: asked.restart ?? false,
    ...(asked.max_epochs ? { maxEpochs: asked.max_epochs } : {}),
    ...(asked.idempotency_key ? { idempotencyKey: asked.idempotency_key } : {}),
  });
}

async function newTraining(asked: TrainSubmission, place: SubmissionPlace): Promise<TrainRequest> {
  if (asked.resume_ckpt_path) {
    throw new UsageError("resume_ckpt_path: a training here begins anew", {
      hint: "Leave it out.",
    });
  }
  const alias = asked.alias ?? undefined;
  if (alias !== undefined) await place.registry.checkFreeAlias(alias);
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
    await checkSubmittedConfig(readTrainConfig(text, source), replaced, place);
  }
  const request = await makeTrainRequest({
    configs,
    labels,
    valLabels,
    package: pkg,
    runName: asked.run_name ?? undefined,
    alias,
    overrides: overridesOf(asked),
    uploads: join(place.registry.root, "uploads"),
    baseDir: place.registry.root,
  });
  await checkPackaged(request, place);
  await checkStored(request, [labels, pkg], place);
  await checkVideos(request, place);
  return request;
}

/** Labels are read once more anyway: what a disk has damaged since the upload is noticed. */
async function checkStored(
  { spec }: TrainRequest,
  given: readonly (string | undefined)[],
  { allowed }: SubmissionPlace,
): Promise<void> {
  for (const path of given) {
    if (path === undefined || !(await allowed.isUploaded(path))) continue;
    const announced = basename(dirname(path));
    const isPackage = path !== spec.labels_path;
    const found = isPackage
      ? basename(dirname(spec.labels_path ?? path))
      : spec.models[0]?.labels_sha256;
    if (found === announced) continue;
    await Deno.remove(path);
    throw new ConflictError(`"${basename(path)}" was damaged on the worker since it was uploaded`, {
      hint: "It is removed there. Ask again: it is uploaded anew.",
    });
  }
}

/** What labels name is opened by the trainer: it must be the client's to read. */
async function checkVideos(request: TrainRequest, place: SubmissionPlace): Promise<void> {
  for (const labels of labelsOf(request, place.registry.root)) {
    for (const video of await namedVideos(labels, place)) {
      await resolveVideo(video, labels, place.registry.root, place);
    }
  }
}

function labelsOf({ spec, configs }: TrainRequest, root: string): Set<string> {
  const named = spec.models.flatMap(({ config }) => {
    const { trainLabels, valLabels } = readTrainConfig(configs.get(config) ?? "", config);
    return [
      ...spec.labels_path === null ? trainLabels : [],
      ...spec.val_labels_path === null ? valLabels : [],
    ];
  });
  const given = [spec.labels_path, spec.val_labels_path].filter((path) => path !== null);
  return new Set([...given, ...named.map((path) => resolve(root, path))]);
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
    const real = await place.allowed.resolve(path, `config_paths[${index}]`, place.registry.root);
    return { text: await readConfigText(real), source: basename(path), overrides: [] };
  }));
}

async function optional(
  path: string | null | undefined,
  field: string,
  { allowed, registry }: SubmissionPlace,
): Promise<string | undefined> {
  return path ? await allowed.resolve(path, field, registry.root) : undefined;
}

/** The configurations of a package are known only once it is unpacked; its labels replace theirs. */
async function checkPackaged(request: TrainRequest, place: SubmissionPlace): Promise<void> {
  for (const { config, script_overrides } of request.spec.models) {
    const text = request.configs.get(config) ?? "";
    const read = readTrainConfig(text, config).withOverrides(script_overrides);
    const { labels_path, val_labels_path } = request.spec;
    const replaced = { train: labels_path !== null, val: val_labels_path !== null };
    await checkSubmittedConfig(read, replaced, place);
  }
}

function overridesOf(asked: TrainSubmission): TrainRequest["spec"]["overrides"] {
  return {
    ...(asked.max_epochs ? { max_epochs: asked.max_epochs } : {}),
    ...(asked.batch_size ? { batch_size: asked.batch_size } : {}),
    ...(asked.learning_rate ? { learning_rate: asked.learning_rate } : {}),
  };
}

/** The error for what is no submission. */
export function notASubmission(issue: v.BaseIssue<unknown>): UsageError {
  const field = v.getDotPath(issue as v.BaseIssue<unknown> & { path?: never });
  return new UsageError(`${field ?? "submission"}: ${issue.message}`, {
    hint: 'The worker understands trainings (type "train") and predictions (type "track").',
  });
}
