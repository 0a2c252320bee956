/**
 * The jobs of one Python client: told of from their acceptance on, and asked to end.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { JobRequestKind } from "../../lib/protocol/job_events.ts";
import type { LegacyJobMessage } from "../../lib/protocol/legacy_job.ts";
import type { JobFolder } from "../job_folder.ts";
import { askOfJob } from "../requests/ask_of_job.ts";
import type { Leave } from "../watchers.ts";
import type { WorkerContext } from "../worker_context.ts";
import type { LegacyLine } from "./line.ts";
import { type JobTeller, tellJob } from "./told_job.ts";
import { predictionsName, PredictionsTeller } from "./told_predictions.ts";
import { TrainingTeller } from "./told_training.ts";

const log = logger("worker");

/** What a client says that wants a job to end. */
export type LegacyEnd = Extract<LegacyJobMessage, { type: "stop" | "cancel" | "control" }>;

/** A job that the client is told of. */
interface ToldJob {
  folder: JobFolder;
  teller: JobTeller;
  ended: Promise<void>;
}

/** The jobs that one connection has submitted. */
export class LegacyJobs {
  readonly #context: WorkerContext;
  readonly #line: LegacyLine;
  readonly #told = new Map<string, ToldJob>();
  #ends: Promise<void> = Promise.resolve();
  #added: Promise<unknown> = Promise.resolve();
  #left: Leave | null = null;

  constructor(context: WorkerContext, line: LegacyLine) {
    this.#context = context;
    this.#line = line;
  }

  /**
   * Tell of a job that was just accepted.
   *
   * @param outputName what the client calls its predictions; null: it does not say
   */
  async add(jobId: string, outputName: string | null): Promise<void> {
    const added = this.#add(jobId, outputName);
    this.#added = Promise.allSettled([this.#added, added]);
    await added;
  }

  async #add(jobId: string, outputName: string | null): Promise<void> {
    const { queue, watchers } = this.#context;
    const folder = await queue.find(jobId);
    const spec = await folder.readSpec();
    const teller = this.#inTurn(
      spec.type === "track"
        ? new PredictionsTeller(
          this.#context,
          folder,
          predictionsName(spec, folder, outputName),
          this.#line,
        )
        : new TrainingTeller(folder, spec, this.#line),
    );
    await watchers.add(folder, this);
    const ended = tellJob(folder, teller, this.#context, this.#line.gone).then(() => {
      this.#told.delete(jobId);
      if (!this.#line.gone.aborted) watchers.forget(jobId);
    });
    this.#told.set(jobId, { folder, teller, ended });
    if (this.#left !== null) await watchers.remove(jobId, this, this.#left);
  }

  /** Bring a job to its end, as the client asks for. Never rejected. */
  async ask(asked: LegacyEnd): Promise<void> {
    try {
      // A client may be quicker than what its acceptance entails.
      await this.#added;
      const folder = await this.#meant(asked.type === "cancel" ? asked.jobId : null);
      if (folder === null) return log.debug("no job to end");
      await askOfJob(folder, this.#context.registry, await requestOf(asked, folder));
      await this.#context.queue.look();
    } catch (error) {
      log.warn(messageOf(error));
      const text = messageOf(error);
      const told = [...this.#told.values()].at(-1);
      await told?.teller.line({ text, isOverwritten: false }).catch(() => {});
    }
  }

  /** The connection has ended; what that means to the jobs is on the disk when it resolves. */
  async close(left: Leave): Promise<void> {
    this.#left = left;
    const told = [...this.#told.values()];
    await Promise.all(
      told.map(({ folder }) => this.#context.watchers.remove(folder.jobId, this, left)),
    );
    await Promise.all(told.map(({ ended }) => ended));
  }

  /** The job of an ID, or the one that was submitted last; null: there is none. */
  async #meant(jobId: string | null): Promise<JobFolder | null> {
    if (jobId !== null) return await this.#context.queue.find(jobId);
    return [...this.#told.values()].at(-1)?.folder ?? null;
  }

  /** A file's messages do not say whose they are: one job ends after the other. */
  #inTurn(teller: JobTeller): JobTeller {
    return {
      line: (line) => teller.line(line),
      event: (event) => teller.event(event),
      lost: (message) => teller.lost(message),
      end: async (result, seconds) => {
        const end = this.#ends.then(() => teller.end(result, seconds));
        this.#ends = end.catch(() => {});
        await end;
      },
    };
  }
}

/** A Python client's soft stop of a training has it evaluated; predictions know only one stop. */
async function requestOf(
  asked: LegacyEnd,
  folder: JobFolder,
): Promise<JobRequestKind> {
  if (asked.type !== "control") return asked.type;
  if (asked.command === "cancel") return "cancel";
  return (await folder.readSpec()).type === "train" ? "finish" : "stop";
}
