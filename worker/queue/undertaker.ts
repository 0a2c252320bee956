/**
 * Booking jobs whose supervisor is gone, beside the queue: ending a trainer may take a while.
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import type { ModelRegistry } from "../../lib/registry.ts";
import type { JobFolder } from "../job_folder.ts";
import { recoverJob } from "../recovery.ts";

const log = logger("recovery");
/** How long a job that could not be booked is left alone, in milliseconds. */
const RETRY_MS = 60_000;

/** Books dead jobs, one at a time each. */
export class JobUndertaker {
  readonly #registry: ModelRegistry;
  readonly #onBooked: () => void;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #orphans = new Set<string>();
  readonly #givenUp = new Map<string, number>();

  /** @param onBooked told after every attempt */
  constructor(registry: ModelRegistry, onBooked: () => void) {
    this.#registry = registry;
    this.#onBooked = onBooked;
  }

  /** The supervisor that this process had started for a job has ended, whatever its state says. */
  addOrphan({ jobId }: JobFolder): void {
    this.#orphans.add(jobId);
  }

  /** Is it a job of {@linkcode JobUndertaker.addOrphan} that was not looked at since? */
  isOrphan({ jobId }: JobFolder): boolean {
    return this.#orphans.has(jobId);
  }

  /** Could the job not be booked a moment ago? */
  hasGivenUp({ jobId }: JobFolder): boolean {
    return (this.#givenUp.get(jobId) ?? 0) > performance.now();
  }

  /** Book a job if nobody holds its lock. */
  book(folder: JobFolder): void {
    const { jobId } = folder;
    if (this.#busy.has(jobId)) return;
    const booked = this.#book(folder).finally(() => {
      this.#busy.delete(jobId);
      this.#onBooked();
    });
    this.#busy.set(jobId, booked);
  }

  /** Resolves when nothing is being booked. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  async #book(folder: JobFolder): Promise<void> {
    const { jobId } = folder;
    try {
      const status = await recoverJob(folder, this.#registry);
      // Held: another supervisor of the job lives. One that has not begun may yet end like ours.
      const isQueued = status === null && (await folder.readState()).status === "queued";
      if (!isQueued) this.#orphans.delete(jobId);
      this.#givenUp.delete(jobId);
    } catch (error) {
      log.error(`cannot book job ${jobId}: ${messageOf(error)}`);
      this.#givenUp.set(jobId, performance.now() + RETRY_MS);
    }
  }
}
