/**
 * What made predictions: the JSON beside them.
 *
 * @module
 */
import * as v from "valibot";
import { OutputSchema } from "./job_events.ts";
import { ChosenModelSchema, PredictOptionsSchema } from "./track_spec.ts";

/** Largest record that is sent, in bytes. */
export const MAX_RECORD_BYTES = 16_384;

const { model_id, alias, model_type, checkpoint_path, sha256 } = ChosenModelSchema.entries;

/** Which models made predictions, of what and how. */
export const PredictionRecordSchema = v.object({
  version: v.literal(1),
  job_id: v.string(),
  /** UTC, ISO 8601 with `Z`. */
  created_at: v.pipe(v.string(), v.isoTimestamp()),
  models: v.array(v.object({ model_id, alias, model_type, checkpoint_path, sha256 })),
  /** File name of the video or `.slp`. */
  data: v.string(),
  /** The predictions themselves; proves that this record belongs to them. */
  output: v.omit(OutputSchema, ["path"]),
  options: PredictOptionsSchema,
  /** Null: it did not say. */
  sleap_nn_version: v.nullable(v.string()),
  sleap_rtc_version: v.string(),
});
/** Which models made predictions, of what and how. */
export type PredictionRecord = v.InferOutput<typeof PredictionRecordSchema>;

/** Where the record of predictions is: beside them. */
export function recordPath(output: string): string {
  return `${output}.json`;
}
