const PLAIN_NAME = /^[^/\\]+$/;

/** A submission of a Python client, as this worker understands it. */
export interface PythonSubmission {
  submission: unknown;
  /** What the client calls its predictions; null: it does not say. */
  outputName: string | null;
}

/**
 * Python clients know models by their paths only: where all that one gives are plain names, models of
 * this worker are meant, by ID, alias or prefix. An output that is a plain name is the client's (its
 * command line always gives one): the predictions then stay in the folder of the job.
 *
 * @param submission as it came
 */
export function fromPython(submission: unknown): PythonSubmission {
  if (!isObject(submission) || submission["type"] !== "track") {
    return { submission, outputName: null };
  }
  const { model_paths, output_path, ...others } = submission;
  const names = Array.isArray(model_paths) && model_paths.length > 0 && model_paths.every(isName);
  const outputName = isName(output_path) ? output_path : null;
  return {
    submission: {
      ...others,
      ...(names ? { models: model_paths } : { model_paths }),
      ...(outputName === null ? { output_path } : {}),
    },
    outputName,
  };
}

function isName(path: unknown): path is string {
  return typeof path === "string" && PLAIN_NAME.test(path);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
