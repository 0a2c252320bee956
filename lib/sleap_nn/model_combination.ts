/**
 * Which models sleap-nn predicts with together (sleap-nn-contract 3.2).
 *
 * @module
 */
import { UsageError } from "../errors.ts";

/** Finds the animals; their parts are found by a model of another type. */
const CENTROID = "centroid";
/** Types that need the centroids of a {@linkcode CENTROID} model. */
const CENTERED = [
  "centered_instance",
  "multi_class_topdown",
  "centered_instance_segmentation",
] as const;
/** Types that predict alone. */
const ALONE = [
  "single_instance",
  "bottomup",
  "multi_class_bottomup",
  "bottomup_segmentation",
  "semantic_segmentation",
] as const;
/** All types of models that sleap-nn predicts with. */
export const MODEL_TYPES = [CENTROID, ...CENTERED, ...ALONE] as const;
/** Gives the centroids alone (0.3.0 and newer). */
const CENTROID_ONLY = ["--centroid_only", "--centroid-only"];

/** The model types one of which a model of `type` is used with; empty: it is used alone. */
export function partnerTypesOf(type: string): readonly string[] {
  if (type === CENTROID) return CENTERED;
  return isCentered(type) ? [CENTROID] : [];
}

/**
 * Check that models can predict together.
 *
 * @param types of the models, in any order
 * @param extra further arguments for sleap-nn: with `--centroid_only` a centroid model is enough
 * @throws {UsageError} when they cannot
 */
export function checkCombination(types: readonly string[], extra: readonly string[]): void {
  const [first, second, ...more] = types;
  if (first === undefined) throw new UsageError("No model is named");
  if (more.length > 0) throw new UsageError("At most two models predict together");
  if (second === undefined) checkAlone(first, extra);
  else checkPair(first, second);
}

function checkAlone(type: string, extra: readonly string[]): void {
  const partners = partnerTypesOf(type);
  if (partners.length === 0) return;
  if (type === CENTROID && extra.some((argument) => CENTROID_ONLY.includes(argument))) return;
  throw new UsageError(`A ${type} model cannot predict alone`, {
    hint: `Name the ${partners.join(" or ")} model that goes with it, too` +
      (type === CENTROID ? ", or give -- --centroid_only for the centroids alone." : "."),
  });
}

function checkPair(first: string, second: string): void {
  if (first === second) {
    throw new UsageError(`Both models are of the type ${first}`, {
      hint: partnerTypesOf(first).length === 0
        ? "Name one of them."
        : `Name one of them, and a ${partnerTypesOf(first).join(" or ")} model.`,
    });
  }
  if (partnerTypesOf(first).includes(second)) return;
  const alone = [first, second].find((type) => partnerTypesOf(type).length === 0);
  throw new UsageError(`A ${first} and a ${second} model cannot predict together`, {
    hint: alone === undefined
      ? `One of the two must be a ${CENTROID} model.`
      : `A ${alone} model predicts alone: name only one model.`,
  });
}

function isCentered(type: string): boolean {
  return CENTERED.some((centered) => centered === type);
}
