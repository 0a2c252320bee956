/**
 * Checkpoint files as far as this program looks into them.
 *
 * @module
 */

/** The first 256 bytes of a `best.ckpt` of sleap-nn 0.3.5: epoch 2, global step 15. */
const HEAD = new URL("../fixtures/best.ckpt.head.bin", import.meta.url);
/** Where the recording holds its epoch and its step, both as one byte. */
const EPOCH_AT = 0x53;
const STEP_AT = 0x67;

/** What stands in a checkpoint. */
export interface CheckpointContent {
  /** 0-based, below 256. */
  epoch?: number;
  /** Below 256. */
  globalStep?: number;
  /** Size of the file. */
  bytes?: number;
}

/** A complete checkpoint with a recorded beginning, nothing in the middle, and an end record. */
export async function checkpointBytes(
  content: CheckpointContent = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { epoch = 2, globalStep = 15, bytes = 8192 } = content;
  const file = new Uint8Array(bytes);
  file.set(await Deno.readFile(HEAD));
  file[EPOCH_AT] = epoch;
  file[STEP_AT] = globalStep;
  file.set([0x50, 0x4b, 0x05, 0x06], bytes - 22);
  return file;
}
