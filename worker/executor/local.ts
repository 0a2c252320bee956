import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { messageOf, SleapRtcError } from "../../lib/errors.ts";
import { writeError } from "../../lib/files/atomic_write.ts";
import { selfCommand } from "../../lib/self_command.ts";
import type { JobFolder } from "../job_folder.ts";

/** A supervisor that was started and lives on by itself. */
export interface StartedSupervisor {
  /** Resolves when it has ended, if this process is still there then. */
  ended: Promise<void>;
}

/**
 * Start a job's supervisor on this machine: detached, in a session of its own, its output and the
 * trainer's appended to the job's `log.txt`, so that it depends on no terminal and no pipe of ours.
 *
 * @param trainer absolute path of the sleap-nn that it is to use
 * @throws {SleapRtcError} when the process cannot be started
 */
export async function startLocalSupervisor(
  folder: JobFolder,
  trainer: string,
): Promise<StartedSupervisor> {
  const { command, args } = selfCommand(["supervise", folder.path]);
  const log = await open(folder.logPath, "a", 0o600).catch((error) => {
    throw writeError(folder.logPath, error);
  });
  try {
    const child = spawn(command, args, {
      cwd: folder.path,
      env: { ...Deno.env.toObject(), SLEAP_RTC_SLEAP_NN: trainer },
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    const ended = once(child, "exit").then(() => {}, () => {});
    await once(child, "spawn");
    child.unref();
    return { ended };
  } catch (error) {
    throw new SleapRtcError(`Cannot start the supervisor "${command}": ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await log.close();
  }
}
