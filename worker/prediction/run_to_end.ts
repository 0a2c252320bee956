/**
 * A sleap-nn that predicts, from its word to its end, and what is asked of it meanwhile.
 *
 * @module
 */
import type { RequestWatch } from "../requests/request_watch.ts";
import type { TrainerProcess } from "../trainer/process.ts";
import { quietly } from "../trainer/run.ts";

/** Python ends at SIGTERM at once, unless a library holds it up. */
const GRACE_MS = 10_000;

/** Who may tell a prediction to end. */
export interface Enders {
  /** What somebody asks of the job. */
  requests: RequestWatch;
  /** Aborted with the reason: the supervisor must end. */
  stop: AbortSignal;
}

/** How a process ended. */
export interface EndedProcess {
  /** 128 + n for signal n. */
  exitCode: number;
  /** Why it was told to end; null: it was not. */
  reason: string | null;
}

/** Why a prediction is to end now; null: it is not. A lost connection changes nothing. */
export function reasonToEnd({ requests, stop }: Enders): string | null {
  const { end } = requests.now;
  if (end === "cancel") return "cancelled";
  if (stop.aborted) return String(stop.reason);
  return end === "stop" ? "stopped" : null;
}

/** Options of {@linkcode runToEnd}. */
export interface RunToEndOptions {
  /** From SIGTERM to SIGKILL, in milliseconds. @default {10_000} */
  graceMs?: number;
}

/** Let the process go, and bring it to its end: SIGTERM if it is asked for, after a grace SIGKILL. */
export async function runToEnd(
  process: TrainerProcess,
  enders: Enders,
  { graceMs = GRACE_MS }: RunToEndOptions = {},
): Promise<EndedProcess> {
  let killer: ReturnType<typeof setTimeout> | undefined;
  let reason: string | null = null;
  const look = () => {
    const isFirst = reason === null;
    reason = reasonToEnd(enders) ?? reason;
    if (reason === null || !isFirst) return;
    void quietly("tell sleap-nn to end", async () => await process.terminate());
    killer = setTimeout(() => void quietly("kill sleap-nn", () => process.kill()), graceMs);
  };
  const unsubscribe = enders.requests.onChange(look);
  enders.stop.addEventListener("abort", look, { once: true });
  try {
    look();
    if (reason === null) await process.go();
    return { exitCode: await process.ended(), reason };
  } finally {
    unsubscribe();
    enders.stop.removeEventListener("abort", look);
    clearTimeout(killer);
  }
}
