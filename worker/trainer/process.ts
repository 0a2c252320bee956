/**
 * The trainer's process.
 *
 * @module
 */
import { messageOf, SleapRtcError } from "../../lib/errors.ts";
import { endProcessGroup, signalGroup } from "../host/process_group.ts";
import { identifyProcess, type ProcessIdentity } from "../host/process_identity.ts";

/** Waits for a word before it becomes the program; end of input means that the parent is gone. */
const WAIT_FOR_GO = 'read -r go && [ "$go" = go ] && exec "$@" </dev/null';

/** What to run. */
export interface TrainerCommand {
  command: string;
  args: string[];
  cwd: string;
  /** The whole environment. */
  env: Record<string, string>;
}

/**
 * A trainer in a process group of its own, whose output goes where this process's goes.
 *
 * It is prepared first and starts with {@linkcode TrainerProcess.go}: in between its identity is
 * written down, so that no crash can leave a trainer running that nobody knows of.
 */
export class TrainerProcess {
  /** The process, which keeps its pid and start time when it becomes the trainer. */
  readonly identity: ProcessIdentity;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, identity: ProcessIdentity) {
    this.#child = child;
    this.identity = identity;
  }

  /**
   * Prepare the process.
   *
   * @throws {SleapRtcError} when no process can be started
   */
  static async prepare(trainer: TrainerCommand): Promise<TrainerProcess> {
    try {
      const child = new Deno.Command("/bin/sh", {
        args: ["-c", WAIT_FOR_GO, "sh", trainer.command, ...trainer.args],
        cwd: trainer.cwd,
        env: trainer.env,
        clearEnv: true,
        detached: true,
        stdin: "piped",
        stdout: "inherit",
        stderr: "inherit",
      }).spawn();
      return new TrainerProcess(child, await identifyProcess(child.pid));
    } catch (error) {
      throw new SleapRtcError(`Cannot start "${trainer.command}": ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Let it become the trainer. */
  async go(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode("go\n"));
      await writer.close();
    } catch {
      // It has ended already; its exit code tells.
    }
  }

  /**
   * Its exit code, 128 + n for signal n, once it has ended and no member of its group is left:
   * loader processes may outlive it.
   */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await endProcessGroup(this.identity.pid, 2_000);
    return code;
  }

  /** Ask it to end: sleap-nn leaves at the end of the running batch, without another checkpoint. */
  terminate(): void {
    signalGroup(this.identity.pid, "SIGTERM");
  }

  /** End it and its group at once. */
  async kill(): Promise<void> {
    await endProcessGroup(this.identity.pid, 0);
  }
}
