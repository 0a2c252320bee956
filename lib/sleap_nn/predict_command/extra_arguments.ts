/**
 * Which arguments of sleap-nn a user may pass on: those that name no file and run no program.
 *
 * @module
 */
import { editDistance } from "../../edit_distance.ts";
import { UsageError } from "../../errors.ts";

/** Options of `predict` and `track` that take no value; most have a `--no-` form. */
const SWITCHES = new Set([
  "centroid_only",
  "ensure_grayscale",
  "ensure_rgb",
  "exclude_user_labeled",
  "filter_overlapping",
  "full_res_masks",
  "link_tracklets",
  "mask_cleanup",
  "merge_fragments",
  "no_empty_frames",
  "only_labeled_frames",
  "only_predicted_frames",
  "only_suggested_frames",
  "post_connect_single_breaks",
  "restore_source_videos",
  "tracking",
  "use_flow",
  "use_kalman",
]);

/** Options that take one value: a number, a word or a list of them. */
const VALUES = new Set([
  "anchor_part",
  "appearance_threshold",
  "appearance_weight",
  "batch_size",
  "bbox_nms_iou",
  "candidates_method",
  "center_nms_kernel",
  "centroid_output",
  "centroid_peak_threshold",
  "crop_size",
  "device",
  "dist_penalty_weight",
  "distance_gate_alpha",
  "euclidean_scale",
  "features",
  "fg_threshold",
  "filter_min_centroid_distance",
  "filter_min_instance_score",
  "filter_min_mean_node_score",
  "filter_min_visible_node_fraction",
  "filter_min_visible_nodes",
  "filter_overlapping_method",
  "filter_overlapping_threshold",
  "input_scale",
  "integral_patch_size",
  "integral_refinement",
  "kf_init_frame_count",
  "kf_node_indices",
  "kf_reset_gap_size",
  "kf_track_features",
  "mask_cleanup_radius",
  "mask_output",
  "max_edge_length_ratio",
  "max_height",
  "max_instances",
  "max_tracks",
  "max_width",
  "merge_dilate",
  "merge_method",
  "merge_thresholds",
  "merge_w_offset",
  "merge_w_valley",
  "min_hits",
  "min_instance_peaks",
  "min_line_scores",
  "min_mask_area",
  "min_match_points",
  "min_match_similarity",
  "min_new_track_points",
  "n_points",
  "new_track_threshold",
  "of_img_scale",
  "of_max_levels",
  "of_window_size",
  "oks_stddev",
  "paf_workers",
  "peak_threshold",
  "polygon_epsilon",
  "queue_maxsize",
  "robust_best_instance",
  "runtime",
  "scoring_method",
  "scoring_reduction",
  "track_buffer",
  "track_high_threshold",
  "track_low_threshold",
  "track_matching_method",
  "tracker",
  "tracking_clean_instance_count",
  "tracking_clean_iou_threshold",
  "tracking_pre_cull_iou_threshold",
  "tracking_pre_cull_to_target",
  "tracking_target_instance_count",
  "tracking_window_size",
  "video_index",
  "video_input_format",
]);

const MAX_NAME_CHARACTERS = 40;

/** Numbers, words and lists of them: a part's name may have blanks, no value names a file. */
const VALUE = /^(?:-?[\d.]+(?:e-?\d+)?|[\p{L}\p{N}_][\p{L}\p{N}_ .,:+-]*)$/iu;

/**
 * Check what is to be passed on to sleap-nn.
 *
 * @param args `--name`, `--name VALUE` or `--name=VALUE`
 * @throws {UsageError} when something in it may not be passed on; names it
 */
export function checkExtraArguments(args: readonly string[]): void {
  const left = [...args];
  for (let argument = left.shift(); argument !== undefined; argument = left.shift()) {
    const [, name = "", attached] = /^--([\w-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const key = name.replaceAll("-", "_");
    if (SWITCHES.has(key.replace(/^no_(?!empty)/, ""))) {
      if (attached !== undefined) throw refusal(argument, `"--${name}" takes no value.`);
      continue;
    }
    if (!VALUES.has(key)) throw notAllowed(argument, key);
    const value = attached ?? left.shift();
    if (value === undefined) throw refusal(argument, `"--${name}" needs a value.`);
    if (!VALUE.test(value)) throw refusal(argument, `"${value}" is no value of "--${name}".`);
  }
}

function notAllowed(argument: string, key: string): UsageError {
  const alike = [...SWITCHES, ...VALUES].find((name) =>
    key.length <= MAX_NAME_CHARACTERS && editDistance(key, name) <= 2
  );
  return refusal(
    argument,
    alike === undefined
      ? 'After "--", only the long names of options of sleap-nn that name no files are taken.'
      : `Did you mean "--${alike}"?`,
  );
}

function refusal(argument: string, hint: string): UsageError {
  return new UsageError(`"${argument}" is not passed on to sleap-nn`, { hint });
}
