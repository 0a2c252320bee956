/**
 * From a folder that this program has not made to a model for the registry.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, isAbsolute, join } from "node:path";
import * as v from "valibot";
import { ConflictError, NotFoundError, UsageError } from "../errors.ts";
import { isFolder, readTextOrNull } from "../files/file_info.ts";
import { sha256File } from "../files/hash.ts";
import { getIn, type PyMap, type PyScalar, type PyValue } from "../python/value.ts";
import { type ModelEntry, ModelEntrySchema, type NewModel } from "../registry/entry.ts";
import type { ModelImport } from "../registry/import.ts";
import type { ImportMode } from "../registry/import_files.ts";
import { entryFolder, MODEL_JSON } from "../registry/model_folder.ts";
import {
  digestLabels,
  identifyBy,
  type LabelsDigest,
  type ModelIdentity,
} from "../registry/model_id.ts";
import { type ForeignModel, readForeignModel } from "../sleap_nn/foreign_model.ts";
import { MODEL_TYPES } from "../sleap_nn/model_combination.ts";

const ATTEMPTS = "attempts";
const OWN_ID = /^[0-9a-f]{8}(?:-[0-9]{1,9})?$/;
/** Keys of an entry that are about the registry that it was in. */
const OF_ANOTHER_ROOT = ["job_id", "model_index", "booked", "running", "revision"] as const;

/** A folder that can be imported. */
export interface Importable {
  model: ForeignModel;
  /** What one of our registries has written beside the model; null: it is not from one. */
  entry: ModelEntry | null;
  /** Null: neither configuration nor entry tells. */
  modelType: string | null;
  warnings: string[];
}

/** What a person chose. */
export interface ImportChoice {
  mode: ImportMode;
  modelType?: string | undefined;
  runName?: string | undefined;
  alias?: string | undefined;
}

/**
 * Look at a folder; nothing is written.
 *
 * @throws {NotFoundError} when there is no such folder, or no model in it
 * @throws {UsageError} when what is there cannot be used
 */
export async function readImportable(path: string): Promise<Importable> {
  if (!(await isFolder(path))) throw notAFolder(path);
  const folder = await Deno.realPath(path);
  const model = await readForeignModel(folder);
  const { entry, warnings } = await readOwnEntry(folder);
  return {
    model,
    entry,
    modelType: model.modelType ?? entry?.model_type ?? null,
    warnings: [...model.files.warnings, ...warnings],
  };
}

/**
 * What is to be imported of a folder. Its checkpoint is hashed.
 *
 * @throws {UsageError} when the type is not known, or another one than was chosen
 * @throws {ConflictError} when the checkpoint is not the one that its `model.json` tells of
 */
export async function planImport(
  importable: Importable,
  choice: ImportChoice,
): Promise<ModelImport> {
  const { model, entry } = importable;
  const modelType = chosenType(importable, choice.modelType);
  const { folder, files: { checkpoint, config, names } } = model;
  const sha256 = await sha256File(join(folder, checkpoint.name));
  if (entry !== null) checkRecorded(entry, model, sha256);
  const known = entry === null
    ? await describe(model, modelType, choice)
    : withoutOldRoot(entry, modelType);
  const { epoch, bytes } = checkpoint;
  const files = [
    ...names.filter((name) => name !== MODEL_JSON),
    ...entry === null ? [] : await attemptFiles(folder),
  ];
  return {
    folder,
    files,
    mode: choice.mode,
    entry: {
      ...known,
      ...(choice.alias === undefined ? {} : { alias: choice.alias }),
      checkpoint: { ...entry?.checkpoint, epoch: epoch ?? entry?.checkpoint?.epoch, sha256, bytes },
    },
    checkpoint: checkpoint.name,
    lastCheckpoint: lastCheckpointOf(entry, files),
    config,
    sha256,
  };
}

/** The type that is meant, where the folder tells one or a person has chosen it. */
function chosenType({ model, modelType }: Importable, chosen: string | undefined): string {
  if (modelType !== null && chosen !== undefined && chosen !== modelType) {
    throw new UsageError(`"${model.folder}" holds a ${modelType} model, not a ${chosen} model`, {
      hint: "Leave --model-type out: it is for models whose configuration names no type.",
    });
  }
  const type = modelType ?? chosen;
  if (type !== undefined) return type;
  throw new UsageError(`Cannot tell the type of the model in "${model.folder}"`, {
    hint: `Name it with --model-type: ${MODEL_TYPES.join(", ")}.`,
  });
}

async function describe(
  model: ForeignModel,
  modelType: string,
  choice: ImportChoice,
): Promise<NewModel> {
  const runName = choice.runName ?? model.runName ?? basename(model.folder);
  const { id, fullHash, labels } = await identify(model, modelType, runName);
  const { metrics, labelsPath } = model;
  return {
    id,
    full_hash: fullHash,
    run_name: runName,
    model_type: modelType,
    metrics,
    last_epoch: metrics === null ? model.files.checkpoint.epoch : metrics.epochs_completed - 1,
    metadata: labelsPath === null ? null : { dataset: labelsPath.split(/[\\/]/).at(-1) ?? null },
    training_hyperparameters: model.hyperparameters,
    training_job_hash: labels.sha256 === null ? null : labels.md5,
    labels_sha256: labels.sha256,
    sleap_nn_version: model.sleapNnVersion,
  };
}

async function identify(
  model: ForeignModel,
  modelType: string,
  runName: string,
): Promise<ModelIdentity> {
  const config = model.modelType === null ? withHead(model.config, modelType) : model.config;
  return await identifyBy(config, await digestNamed(model.labelsPath ?? ""), runName);
}

function withHead(config: PyValue, modelType: string): PyMap {
  const backbone = getIn(config, ["model_config", "backbone_config"]) ?? null;
  const heads = new Map<PyScalar, PyValue>([[modelType, new Map()]]);
  const model = new Map<PyScalar, PyValue>([["head_configs", heads], [
    "backbone_config",
    backbone,
  ]]);
  return new Map([["model_config", model]]);
}

/** A relative path meant another folder than the one that this program is started in. */
async function digestNamed(path: string): Promise<LabelsDigest> {
  if (isAbsolute(path)) return await digestLabels(path);
  return { md5: createHash("md5").update(path, "utf8").digest("hex"), sha256: null };
}

async function readOwnEntry(
  folder: string,
): Promise<{ entry: ModelEntry | null; warnings: string[] }> {
  const path = join(folder, MODEL_JSON);
  const text = await readTextOrNull(path);
  if (text === null) return { entry: null, warnings: [] };
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), ModelEntrySchema), text);
  const isOwn = parsed.success && OWN_ID.test(parsed.output.id);
  return isOwn
    ? { entry: parsed.output, warnings: [] }
    : { entry: null, warnings: [`"${path}" is left out: it is no entry of a registry`] };
}

/** An entry without what only its old registry knows; nobody trains the model here. */
function withoutOldRoot(entry: ModelEntry, modelType: string): NewModel {
  const kept: NewModel = { ...entry, model_type: modelType };
  for (const key of OF_ANOTHER_ROOT) delete kept[key];
  if (entry.status !== "training") return kept;
  return { ...kept, status: "interrupted", reason: "imported before its training had ended" };
}

function checkRecorded(entry: ModelEntry, model: ForeignModel, sha256: string): void {
  const { name } = model.files.checkpoint;
  const recorded = entry.checkpoint?.sha256;
  const isSameFile = entry.checkpoint_path === `${entryFolder(entry)}/${name}`;
  if (!recorded || !isSameFile || recorded === sha256) return;
  throw new ConflictError(
    `"${join(model.folder, name)}" is not the checkpoint that its ${MODEL_JSON} tells of`,
    { hint: `Its SHA-256 is ${sha256}, recorded is ${recorded}. Copy the folder again.` },
  );
}

function lastCheckpointOf(entry: ModelEntry | null, files: readonly string[]): string | null {
  const prefix = entry === null ? null : `${entryFolder(entry)}/`;
  const stored = entry?.last_checkpoint_path ?? "";
  const recorded = prefix !== null && stored.startsWith(prefix) ? stored.slice(prefix.length) : "";
  return [recorded, "last.ckpt"].find((name) => files.includes(name)) ?? null;
}

/** Files of the resumes that one of our registries has made. */
async function attemptFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(join(folder, ATTEMPTS))) {
      if (!isDirectory || name.startsWith(".")) continue;
      for await (const file of Deno.readDir(join(folder, ATTEMPTS, name))) {
        if (file.isFile) files.push(`${ATTEMPTS}/${name}/${file.name}`);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}

function notAFolder(path: string): NotFoundError {
  return new NotFoundError(`There is no folder "${path}"`, {
    hint: "Name the folder that sleap-nn or SLEAP wrote, not a file in it.",
  });
}
