import { basename } from "node:path";
import type { PredictionRecord } from "../../lib/protocol/prediction_record.ts";
import type { TrackSpec } from "../../lib/protocol/track_spec.ts";
import { VERSION } from "../../lib/version.ts";

/**
 * The JSON beside predictions: which models made them, of what, and how.
 *
 * @param output the predictions
 * @param sleapNnVersion null: not known
 */
export function recordText(
  job: TrackSpec,
  output: PredictionRecord["output"],
  sleapNnVersion: string | null,
): string {
  const record: PredictionRecord = {
    version: 1,
    job_id: job.job_id,
    created_at: new Date().toISOString(),
    models: job.predictors.map(({ model_id, alias, model_type, checkpoint_path, sha256 }) => (
      { model_id, alias, model_type, checkpoint_path, sha256 }
    )),
    data: basename(job.data_path),
    output,
    options: job.options,
    sleap_nn_version: sleapNnVersion,
    sleap_rtc_version: VERSION,
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}
