/**
 * A worker's folder with a mount, for tests of what clients may ask for.
 *
 * @module
 */
import { join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";
import { sha256File } from "../../lib/files/hash.ts";
import { ModelRegistry } from "../../lib/registry.ts";
import type { TrainRequest } from "../../lib/training/train_request.ts";
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

  /** What the worker makes of a training. */
  async request(fields: Record<string, unknown>): Promise<TrainRequest> {
    const mounts = [{ path: this.path("mount"), label: "mount" }];
    const { allowed } = storesOf(this.root, mounts);
    const videosOf = () => Promise.resolve(this.videos);
    const registry = await ModelRegistry.open(this.root, { create: false });
    const place = { registry, allowed, videosOf };
    return await requestOf({ type: "train", ...fields }, place);
  }

  /** The error that a training is refused with. */
  async refused(fields: Record<string, unknown>): Promise<SleapRtcError> {
    try {
      await this.request(fields);
    } catch (error) {
      if (error instanceof SleapRtcError) return error;
      throw error;
    }
    throw new Error(`not refused: ${JSON.stringify(fields)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
