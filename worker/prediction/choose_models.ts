/**
 * From the names of models to those that predict: checked, files and hashes included, before
 * anything is sent or started.
 *
 * @module
 */
import { dirname } from "node:path";
import { ConflictError, NotFoundError, UsageError } from "../../lib/errors.ts";
import { isFile } from "../../lib/files/file_info.ts";
import { sha256File } from "../../lib/files/hash.ts";
import type { ChosenModel } from "../../lib/protocol/track_spec.ts";
import type { ChosenModels } from "../../lib/protocol/worker_calls.ts";
import type { ModelEntry, ModelRegistry } from "../../lib/registry.ts";
import { isRunning } from "../../lib/registry/transitions.ts";
import { checkCombination, partnerTypesOf } from "../../lib/sleap_nn/model_combination.ts";
import { configIn, readModelFolder } from "../../lib/sleap_nn/model_folder.ts";
import { typedCommand } from "../../lib/terminal/typed_command.ts";

/** Which models are meant. */
export interface ModelChoice {
  /** IDs, aliases or prefixes. */
  models: readonly string[];
  /** Absolute paths of model folders, checkpoints or configurations, instead. */
  modelPaths: readonly string[];
  /** Interrupted models may predict. */
  allowInterrupted: boolean;
  /** Further arguments for sleap-nn: some make a lone model enough. */
  extra?: readonly string[];
}

/**
 * Choose the models that predict. One of a top-down pair that was trained in one job brings the
 * other.
 *
 * @returns in the order in which they were named, the partner last
 * @throws {NotFoundError} when a model, its checkpoint or its configuration is not there
 * @throws {ConflictError} when a model is being trained, or its checkpoint is not what was recorded
 * @throws {UsageError} when a model cannot be used, or they do not go together
 */
export async function chooseModels(
  registry: ModelRegistry,
  choice: ModelChoice,
): Promise<ChosenModels> {
  if (choice.models.length + choice.modelPaths.length === 0) {
    throw new UsageError("No model to predict with", {
      hint: "Name one with --model. All models: sleap-rtc list-models",
    });
  }
  if (choice.modelPaths.length > 0) return await chooseByPath(registry, choice);
  const named = await resolveAll(registry, choice.models);
  for (const entry of named) refuseUnusable(entry, choice);
  const partner = await partnerOf(registry, named, choice);
  const entries = partner === null ? named : [...named, partner];
  checkCombination(entries.map(typeOf), choice.extra ?? []);
  const models = [];
  for (const entry of entries) models.push(await chosen(registry, entry));
  return { models, partner: partner?.id ?? null };
}

/**
 * Look again at models that were chosen a while ago.
 *
 * @throws {NotFoundError} when a checkpoint or configuration is gone
 * @throws {ConflictError} when a checkpoint is another one now, or a model is being trained
 */
export async function checkChosen(
  registry: ModelRegistry,
  models: readonly ChosenModel[],
  options: Pick<ModelChoice, "allowInterrupted">,
): Promise<void> {
  for (const { model_id, checkpoint_path, config_path, sha256 } of models) {
    const entry = model_id === null ? null : await registry.get(model_id);
    if (entry !== null) refuseUnusable(entry, options);
    const name = model_id ?? checkpoint_path;
    if (!(await isFile(checkpoint_path))) throw noCheckpoint(name, checkpoint_path);
    if (!(await isFile(config_path))) throw noConfig(name, dirname(checkpoint_path));
    await checkHash(name, checkpoint_path, sha256);
  }
}

/**
 * Make sure that the checkpoints that were read are those that were chosen. One that is gone since
 * was read before.
 *
 * @throws {ConflictError} when one is another now
 */
export async function checkUnchanged(models: readonly ChosenModel[]): Promise<void> {
  for (const { model_id, checkpoint_path, sha256 } of models) {
    if (!(await isFile(checkpoint_path))) continue;
    await checkHash(model_id ?? checkpoint_path, checkpoint_path, sha256);
  }
}

async function resolveAll(
  registry: ModelRegistry,
  names: readonly string[],
): Promise<ModelEntry[]> {
  const entries: ModelEntry[] = [];
  for (const name of names) {
    const entry = await registry.resolve(name);
    if (entries.some(({ id }) => id === entry.id)) {
      throw new UsageError(`"${name}" is model ${entry.id}, which is named twice`, {
        hint: "Name another one, or leave it out: a pair's other model is found by itself.",
      });
    }
    entries.push(entry);
  }
  return entries;
}

function refuseUnusable(
  entry: ModelEntry,
  { allowInterrupted }: Pick<ModelChoice, "allowInterrupted">,
): void {
  const { id, status } = entry;
  if (isRunning(entry) || status === "training") {
    throw new ConflictError(`Model ${id} is being trained`, {
      hint: "Wait until it has ended" +
        (entry.job_id ? `: ${typedCommand(["jobs", "attach", entry.job_id])}` : "."),
    });
  }
  if (status === "interrupted" && !allowInterrupted) {
    throw new UsageError(`Model ${id} is interrupted: it was not trained to its end`, {
      hint: "Use it as it is with --allow-interrupted, or train it to its end: " +
        typedCommand(["train", "--resume", id]),
    });
  }
  if (status === "failed" || status === "abandoned") {
    throw new UsageError(`Model ${id} is ${status}: it cannot predict`, {
      hint: `What is known of it: ${typedCommand(["model-info", id])}`,
    });
  }
}

function typeOf({ model_type }: ModelEntry): string {
  return model_type ?? "unknown";
}

/** The other one of a top-down pair, which one of the same jobs has trained. */
async function partnerOf(
  registry: ModelRegistry,
  named: readonly ModelEntry[],
  choice: ModelChoice,
): Promise<ModelEntry | null> {
  const [entry] = named;
  if (entry === undefined || named.length > 1) return null;
  const wanted = partnerTypesOf(typeOf(entry));
  if (wanted.length === 0) return null;
  const jobs = jobsOf(entry);
  const related = (await registry.list()).filter((other) =>
    wanted.includes(typeOf(other)) && jobsOf(other).some((job) => jobs.includes(job))
  );
  const usable = related.filter((other) => isUsable(other, choice));
  const [partner, ...others] = usable;
  if (partner !== undefined && others.length === 0) return partner;
  if (partner !== undefined) {
    throw new UsageError(
      `${typeOf(entry)} model ${entry.id} was trained with several that fit: ` +
        usable.map(({ id }) => id).join(", "),
      { hint: "Name one of them with a second --model." },
    );
  }
  // The partner that is there tells why it is of no use.
  for (const other of related) refuseUnusable(other, choice);
  return null;
}

/** Each attempt was a job's; the first one is what a pair has in common. */
function jobsOf({ job_id, attempts }: ModelEntry): string[] {
  return [...job_id ? [job_id] : [], ...(attempts ?? []).map(({ job_id }) => job_id)];
}

function isUsable(entry: ModelEntry, choice: ModelChoice): boolean {
  try {
    refuseUnusable(entry, choice);
    return true;
  } catch {
    return false;
  }
}

async function chosen(registry: ModelRegistry, entry: ModelEntry): Promise<ChosenModel> {
  const { id, checkpoint } = entry;
  const path = await registry.getCheckpointPath(id);
  if (!(await isFile(path))) throw noCheckpoint(id, path);
  const config = await configIn(dirname(path));
  if (config === null) throw noConfig(id, dirname(path));
  return {
    model_id: id,
    alias: entry.alias ?? null,
    model_type: typeOf(entry),
    checkpoint_path: path,
    config_path: config,
    sha256: await checkHash(id, path, checkpoint?.sha256 ?? null),
  };
}

/** Returns the hash; an entry of the Python program has none to compare it with. */
async function checkHash(
  name: string,
  checkpoint: string,
  recorded: string | null,
): Promise<string> {
  const sha256 = await sha256File(checkpoint);
  if (recorded === null || sha256 === recorded) return sha256;
  throw new ConflictError(
    `The checkpoint of model ${name} was changed since it was recorded: "${checkpoint}"`,
    { hint: `Its SHA-256 is ${sha256}, recorded is ${recorded}. Put the old file back.` },
  );
}

function noCheckpoint(name: string, path: string): NotFoundError {
  return new NotFoundError(`The checkpoint of model ${name} is gone: "${path}"`, {
    hint: "Put it back, or predict with another model: sleap-rtc list-models",
  });
}

function noConfig(name: string, folder: string): NotFoundError {
  return new NotFoundError(
    `Model ${name} has no training_config.yaml beside its checkpoint in "${folder}"`,
    { hint: "sleap-nn needs it to load the model: put it back." },
  );
}

async function chooseByPath(
  registry: ModelRegistry,
  { modelPaths, extra = [], allowInterrupted }: ModelChoice,
): Promise<ChosenModels> {
  const entries = await registry.list();
  const models: ChosenModel[] = [];
  for (const path of modelPaths) {
    const { checkpointPath, configPath, modelType } = await readModelFolder(path);
    const entry = entries.find(({ checkpoint_path }) =>
      checkpoint_path && registry.absolutePath(checkpoint_path) === checkpointPath
    );
    if (entry !== undefined) refuseUnusable(entry, { allowInterrupted });
    models.push({
      model_id: entry?.id ?? null,
      alias: entry?.alias ?? null,
      model_type: modelType,
      checkpoint_path: checkpointPath,
      config_path: configPath,
      sha256: await checkHash(
        entry?.id ?? path,
        checkpointPath,
        entry?.checkpoint?.sha256 ?? null,
      ),
    });
  }
  checkCombination(models.map(({ model_type }) => model_type), extra);
  return { models, partner: null };
}
