/**
 * One connected Python client (0.0.7).
 *
 * @module
 */
import { messageOf } from "../../lib/errors.ts";
import { logger } from "../../lib/log.ts";
import { decodeLegacyFileRequest } from "../../lib/protocol/legacy_files.ts";
import { decodeLegacyJob } from "../../lib/protocol/legacy_job.ts";
import { decodeSubmit, encodeSubmit } from "../../lib/protocol/job_submit.ts";
import type { PeerConnection } from "../../lib/rtc/peer_connection.ts";
import { Submissions } from "../handlers/submissions.ts";
import type { WorkerContext } from "../worker_context.ts";
import { LegacyJobs } from "./jobs.ts";
import type { LegacyLine } from "./line.ts";
import { LegacyPaths } from "./paths.ts";
import { fromPython } from "./python_submission.ts";

const log = logger("worker");
/** Messages that are answered at the same time; what a client sends beyond is passed over. */
const MAX_ANSWERED = 64;

/** Serve a Python client that has proved itself until its connection ends. */
export async function serveLegacyClient(
  connection: PeerConnection,
  context: WorkerContext,
): Promise<void> {
  const { peerId, control } = connection;
  const gone = new AbortController();
  log.info(`Python client "${peerId}" is connected`);
  const line: LegacyLine = {
    gone: gone.signal,
    send: async (message) => await control.send(message),
  };
  const jobs = new LegacyJobs(context, line);
  const paths = new LegacyPaths(context, line);
  const submissions = new Submissions(context, line);
  const answers = new Set<Promise<void>>();
  for await (const message of control) {
    if (answers.size >= MAX_ANSWERED) continue;
    const answer: Promise<void> = receive(message)
      .catch((error) => log.debug(`to "${peerId}": ${messageOf(error)}`))
      .finally(() => answers.delete(answer));
    answers.add(answer);
  }
  const { how, reason } = await connection.closed;
  gone.abort();
  await jobs.close(how === "goodbye" ? "goodbye" : "vanished");
  await Promise.all(answers);
  log.info(`Python client "${peerId}" is gone: ${reason}`);

  async function receive(message: string | Uint8Array): Promise<void> {
    if (typeof message !== "string") return log.debug("bytes that belong to nothing");
    const asked = decodeLegacyJob(message);
    if (asked?.type === "stop" || asked?.type === "cancel" || asked?.type === "control") {
      return await jobs.ask(asked);
    }
    const request = decodeLegacyFileRequest(message);
    if (request !== null) return await paths.answer(request);
    const submit = decodeSubmit(message);
    if (submit?.type !== "submit") return log.debug("a message that is not understood");
    const { submission, outputName } = fromPython(submit.submission);
    const jobId = await submissions.receive(encodeSubmit({ ...submit, submission }));
    if (jobId !== null) await jobs.add(jobId, outputName);
  }
}
