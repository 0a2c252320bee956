/**
 * A Python client knows models by their paths only: where all that it gives are plain names, models
 * of this worker are meant, by ID, alias or prefix.
 *
 * @param submission as it came
 */
export function withModelNames(submission: unknown): unknown {
  if (!isObject(submission) || submission["type"] !== "track") return submission;
  const { model_paths, ...others } = submission;
  if (!Array.isArray(model_paths) || model_paths.length === 0) return submission;
  if (!model_paths.every((path) => typeof path === "string" && /^[^/\\]+$/.test(path))) {
    return submission;
  }
  return { ...others, models: model_paths };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
