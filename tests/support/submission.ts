/**
 * A worker's folder with a mount, for tests of what clients may ask for.
 *
 * @module
 */
import { join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import type { InputData } from "../../lib/sleap_nn/input_data.ts";
import type { TrainRequest } from "../../lib/training/train_request.ts";
import type { NewJob } from "../../worker/new_job.ts";
import {
  predictionRequestOf,
  type PredictionSubmissionPlace,
} from "../../worker/submission/prediction_submission.ts";
import { requestOf } from "../../worker/submission/training_submission.ts";
import { storesOf } from "../../worker/worker_context.ts";
import { makeLabels } from "./stand_in.ts";
import { buildZip, type ZipBuilderEntry } from "./zip_builder.ts";

/** Folders `root`, `mount` and `outside`; removed at the end of its scope. */
export class SubmissionBed implements AsyncDisposable {
  readonly folder: string;
  readonly root: string;
  /** Labels in the mount. */
  readonly labels: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.root = join(folder, "root");
    this.labels = makeLabels(this.path("mount/mice.pkg.slp"));
    makeLabels(this.path("outside/mice.pkg.slp"));
  }

  /** Make the folders. */
  static async create(): Promise<SubmissionBed> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
    for (const name of ["root/uploads", "mount", "outside"]) {
      await Deno.mkdir(join(folder, name), { recursive: true });
    }
    return new SubmissionBed(folder);
  }

  /** What every labels file names. */
  videos: string[] = [];
  /** Where the images in every labels file come from. */
  sources: string[] = [];
  /** What every video or labels file is; without videos, it is one itself. */
  data: InputData = {
    kind: "video",
    videos: [],
    frames: 10,
    labeledFrames: 0,
    userLabeledFrames: 0,
    predictedFrames: 0,
    suggestedFrames: 0,
  };

  /** Absolute path of a file. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Write a file as a client uploads it; its path. */
  async upload(name: string, content: string | Uint8Array): Promise<string> {
    const temp = this.path("incoming");
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(temp, bytes);
    const folder = join(this.root, "uploads", await sha256File(temp));
    await Deno.mkdir(folder, { recursive: true });
    await Deno.rename(temp, join(folder, name));
    return join(folder, name);
  }

  /** Upload a training package that holds labels and these files. */
  async uploadPackage(...entries: ZipBuilderEntry[]): Promise<string> {
    const data = await Deno.readFile(this.labels);
    return await this.upload("p.zip", buildZip([...entries, { name: "mice.pkg.slp", data }]));
  }

  /** The worker's registry. */
  async registry(): Promise<ModelRegistry> {
    return await ModelRegistry.open(this.root, { create: false });
  }

  /** What the worker makes of a training. */
  async request(fields: Record<string, unknown>): Promise<TrainRequest> {
    return await requestOf({ type: "train", ...fields }, await this.#place());
  }

  /** What the worker makes of predictions that are asked for. */
  async predictions(fields: Record<string, unknown>): Promise<NewJob> {
    return await predictionRequestOf({ type: "track", ...fields }, await this.#place());
  }

  /** The error that a training is refused with. */
  async refused(fields: Record<string, unknown>): Promise<SleapRtcError> {
    return await refusal(this.request(fields), fields);
  }

  /** The error that predictions are refused with. */
  async refusedPredictions(fields: Record<string, unknown>): Promise<SleapRtcError> {
    return await refusal(this.predictions(fields), fields);
  }

  async #place(): Promise<PredictionSubmissionPlace> {
    const mounts = [{ path: this.path("mount"), label: "mount" }];
    return {
      registry: await this.registry(),
      allowed: storesOf(this.root, mounts).allowed,
      videosOf: () => Promise.resolve({ videos: this.videos, sources: this.sources }),
      inspect: (path) => {
        const itself = [{ path, exists: true, frames: 10 }];
        const { videos } = this.data;
        return Promise.resolve({ ...this.data, videos: videos.length > 0 ? videos : itself });
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function refusal(asked: Promise<unknown>, fields: unknown): Promise<SleapRtcError> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof SleapRtcError) return error;
    throw error;
  }
  throw new Error(`not refused: ${JSON.stringify(fields)}`);
}
