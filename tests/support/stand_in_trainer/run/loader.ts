/**
 * A data loader process, as PyTorch starts them for `num_workers` > 0.
 *
 * @module
 */
import type { TrainerProcess } from "../process.ts";

/** PyTorch's loaders look for their parent every 5 seconds. */
const OUTLIVES_SECONDS = 5;

/**
 * Start a process in the trainer's process group. It notices the trainer's death by the end of its
 * stdin and lives on for 5 seconds; an orderly end of the trainer ends it, too.
 */
export function spawnLoader(trainer: TrainerProcess): void {
  const loader = new Deno.Command("/bin/sh", {
    args: ["-c", `read -r _; exec sleep ${OUTLIVES_SECONDS}`],
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  trainer.atExit(async () => {
    loader.kill("SIGKILL");
    await loader.status;
  });
}
