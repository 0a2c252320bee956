import type { JobSpec } from "../lib/protocol/job_spec.ts";

/** A job that can be submitted: a training, or predictions. */
export interface NewJob {
  spec: JobSpec;
  /** Contents of the configurations by their name in the spec. */
  configs: ReadonlyMap<string, string>;
  /** What the user should know before it starts; each is one line. */
  warnings: readonly string[];
}
