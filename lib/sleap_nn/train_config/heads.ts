/**
 * What a sleap-nn configuration says it trains.
 *
 * @module
 */
import { UsageError } from "../../errors.ts";
import { getIn, isPyMap, type PyScalar, type PyValue } from "../../python/value.ts";

/**
 * The heads of a configuration that are not null, in its order; the first is the model type
 * (sleap-nn 0.3, `config/utils.py`).
 *
 * @throws {UsageError} when `model_config.head_configs` is not a mapping
 */
export function headNames(config: PyValue): PyScalar[] {
  const heads = getIn(config, ["model_config", "head_configs"]);
  if (!isPyMap(heads)) {
    throw new UsageError('The configuration has no mapping "model_config.head_configs"', {
      hint: "A sleap-nn training configuration names one head there, e.g. centroid.",
    });
  }
  return [...heads].filter(([, head]) => head !== null).map(([name]) => name);
}
