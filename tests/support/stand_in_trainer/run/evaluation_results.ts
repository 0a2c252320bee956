/**
 * The figures that an evaluation prints and saves, as recorded from one with good predictions.
 *
 * @module
 */

const MATCHING = [
  "Loading ground truth labels...",
  "  Ground truth: 1 videos, 1 frames",
  "Loading predicted labels...",
  "  Predictions: 1 videos, 1 frames",
  "Matching videos and frames...",
  "  Videos matched: 1/1",
  "Matching instances...",
  "  Frame pairs: 1, Matched instances: 2, Unmatched GT: 0",
  "Computing evaluation metrics...",
];

const CENTROID_RESULTS = [
  "Evaluation Results (centroid mode):",
  "  Precision: 1.0000",
  "  Recall: 1.0000",
  "  F1: 1.0000",
  "  Counts: TP=2, FP=0, FN=0",
  "  Average Distance: 19.15 px",
  "  dist.p50: 19.15 px",
  "  dist.p90: 19.69 px",
  "  dist.p95: 19.75 px",
  "  dist.p99: 19.81 px",
];

const POSE_RESULTS = [
  "Evaluation Results:",
  "  mOKS: 0.8088",
  "  mAP (OKS VOC): 0.7818",
  "  mAR (OKS VOC): 0.8000",
  "  Average Distance: 19.15 px",
  "  dist.p50: 19.15 px",
  "  dist.p95: 19.75 px",
  "  dist.p99: 19.81 px",
  "  mPCK: 0.7500",
  "  PCK@5px: 0.6000",
  "  PCK@10px: 0.7000",
  "  Visibility Precision: 1.0000",
  "  Visibility Recall: 1.0000",
];

const DISTANCES = {
  avg: 19.150297102816275,
  p50: 19.150297102816275,
  p75: 19.484978943476992,
  p90: 19.685788047873423,
  p95: 19.752724416005567,
  p99: 19.806273510511282,
};

/** The log of one evaluation, up to the matching and from the results on. */
export function evaluationLines(modelType: string): { matching: string[]; results: string[] } {
  const results = modelType === "centroid" ? CENTROID_RESULTS : POSE_RESULTS;
  return { matching: MATCHING, results };
}

/** The summary that ends the log of one evaluation. */
export function resultLines(modelType: string, split: string): string[] {
  const distances = [
    `Average distance: ${DISTANCES.avg}`,
    `p90 dist: ${DISTANCES.p90}`,
    `p50 dist: ${DISTANCES.p50}`,
  ];
  if (modelType !== "centroid") {
    return [
      `---------Evaluation on \`${split}\` dataset---------`,
      "OKS mAP: 0.7817990464771772",
      ...distances,
    ];
  }
  return [
    `---------Evaluation on \`${split}\` dataset (centroid)---------`,
    "Detection precision: 1.0",
    "Detection recall: 1.0",
    "Detection f1: 1.0",
    ...distances,
  ];
}

/** The content of `metrics.<split>.json`, without its long tables. */
export function metricsOf(modelType: string): Record<string, unknown> {
  if (modelType === "centroid") {
    const counts = { precision: 1, recall: 1, f1: 1, n_tp: 2, n_fp: 0, n_fn: 0 };
    return {
      detection_metrics: { ...counts, ...DISTANCES },
      distance_metrics: {
        frame_idxs: [0, 0],
        dists: [19.81966078413771, 18.480933421494836],
        ...DISTANCES,
      },
    };
  }
  return {
    voc_metrics: { "oks_voc.mAP": 0.7817990464771772, "oks_voc.mAR": 0.8 },
    mOKS: { mOKS: 0.8088211240074689 },
    distance_metrics: DISTANCES,
    pck_metrics: { mPCK: 0.75, "PCK@5": 0.6, "PCK@10": 0.7 },
    visibility_metrics: { precision: 1, recall: 1, tp: 4, fp: 0, tn: 0, fn: 0 },
  };
}
