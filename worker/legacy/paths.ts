/**
 * Answering a Python client that asks whether its files are on the worker.
 *
 * @module
 */
import { messageOf, SleapRtcError } from "../../lib/errors.ts";
import {
  encodeLegacyFileAnswer,
  type LegacyFileAnswer,
  type LegacyFileRequest,
  type LegacyVideos,
} from "../../lib/protocol/legacy_files.ts";
import type { WorkerContext } from "../worker_context.ts";
import type { LegacyLine } from "./line.ts";

/** Of a text in an answer, in UTF-16 units. */
const MAX_TEXT = 4_000;
/** Missing videos that an answer names. */
const MAX_MISSING = 100;

/** The file requests of one client; answered one after the other, as they carry no number. */
export class LegacyPaths {
  readonly #context: WorkerContext;
  readonly #line: LegacyLine;
  #answered: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(context: WorkerContext, line: LegacyLine) {
    this.#context = context;
    this.#line = line;
  }

  /** Answer in turn. */
  async answer(request: LegacyFileRequest): Promise<void> {
    // Clients ask one thing at a time; whoever floods gets no answer.
    if (this.#waiting >= 8) return;
    this.#waiting++;
    const answered = this.#answered.then(() => this.#answer(request));
    this.#answered = answered.catch(() => {});
    await answered.finally(() => this.#waiting--);
  }

  async #answer(request: LegacyFileRequest): Promise<void> {
    const { name: workerId, root: workingDir, mounts } = this.#context.info;
    switch (request.type) {
      case "info":
        return await this.#send({ type: "info", workerId, workingDir, mounts });
      case "mounts":
        return await this.#send({ type: "mounts", mounts });
      case "use_path":
        return await this.#usePath(request.path);
      case "unknown":
        return await this.#send({
          type: "error",
          code: "INVALID_REQUEST",
          message: `This worker does not answer ${request.name}`,
        });
    }
  }

  async #usePath(path: string): Promise<void> {
    const { allowed, registry } = this.#context;
    try {
      if (path === "") return await this.#send({ type: "path_error", message: "Path is required" });
      const real = await allowed.resolve(path, "path", registry.root);
      await this.#send({ type: "path_ok", path: real });
      if (!real.endsWith(".slp")) return;
      await this.#send({ type: "videos", videos: await this.#videosOf(real) });
    } catch (error) {
      if (!(error instanceof SleapRtcError)) throw error;
      await this.#send({ type: "path_error", message: error.message.slice(0, MAX_TEXT) });
    }
  }

  /** A video that clients may not name counts as missing. */
  async #videosOf(labels: string): Promise<LegacyVideos> {
    const { allowed, registry, videosOf } = this.#context;
    const none = { slp_path: labels, total_videos: 0, missing: [], accessible: 0, embedded: 0 };
    try {
      const { videos } = await videosOf(labels);
      const isThere = await Promise.all(
        videos.map((video) =>
          allowed.resolve(video, "video", registry.root).then(() => true, () => false)
        ),
      );
      const missing = videos.filter((_, index) => !isThere[index]);
      return {
        ...none,
        total_videos: videos.length,
        accessible: videos.length - missing.length,
        missing: missing.slice(0, MAX_MISSING).map((video) => {
          const original_path = video.slice(0, MAX_TEXT / 40);
          return { filename: original_path.split(/[\\/]/).at(-1) ?? "", original_path };
        }),
      };
    } catch (error) {
      return { ...none, error: messageOf(error).slice(0, MAX_TEXT) };
    }
  }

  async #send(answer: LegacyFileAnswer): Promise<void> {
    await this.#line.send(encodeLegacyFileAnswer(answer));
  }
}
