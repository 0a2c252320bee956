/**
 * Checkpoint files in the layout that sleap-nn 0.3.5 with PyTorch 2.13 writes.
 *
 * @module
 */
import { traceback, TrainerFailure } from "../python/failure.ts";
import { concat, zipArchive } from "./zip.ts";

/** What a checkpoint says about the training it was taken from. */
export interface CheckpointState {
  /** 0-based index of the epoch just finished. */
  epoch: number;
  /** Batches trained so far, all epochs together. */
  globalStep: number;
  modelType: string;
}

const WEIGHT_BYTES = 4096;
const encoder = new TextEncoder();

/** The bytes of a checkpoint. */
export function checkpointBytes(state: CheckpointState): Uint8Array<ArrayBuffer> {
  const weights = Uint8Array.from(
    { length: WEIGHT_BYTES },
    (_, index) => index * 31 + state.globalStep * 7,
  );
  return new Uint8Array(zipArchive([
    { name: "archive/data.pkl", data: pickled(state) },
    { name: "archive/.format_version", data: encoder.encode("1") },
    { name: "archive/.storage_alignment", data: encoder.encode("64") },
    { name: "archive/byteorder", data: encoder.encode("little") },
    { name: "archive/data/0", data: weights },
    { name: "archive/version", data: encoder.encode("3\n") },
  ]));
}

/**
 * Read the checkpoint that a training is resumed from.
 *
 * @throws {TrainerFailure} if it is missing, empty, truncated, no checkpoint or of another model
 */
export function loadCheckpoint(path: string, modelType: string): CheckpointState {
  const bytes = readCheckpoint(path);
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.includes(headKey(modelType))) throw otherModel(modelType, text);
  return {
    epoch: pickledInt(bytes, text, "epoch"),
    globalStep: pickledInt(bytes, text, "global_step"),
    modelType,
  };
}

/**
 * Fail where PyTorch would fail to open a checkpoint file.
 *
 * @throws {TrainerFailure} if it is empty, truncated or no zip archive
 */
export function checkArchive(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new TrainerFailure(["", "Aborted."]);
  const signature = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (!signature) throw noArchive(bytes);
  const end = bytes.subarray(-22);
  const complete = end[0] === 0x50 && end[1] === 0x4b && end[2] === 5 && end[3] === 6;
  if (!complete) throw truncated();
}

function readCheckpoint(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch {
    throw traceback([
      '  File "<site-packages>/lightning/pytorch/strategies/strategy.py", line 368, in load_checkpoint',
      '  File "<site-packages>/lightning/fabric/plugins/io/torch_io.py", line 89, in load_checkpoint',
      `FileNotFoundError: Checkpoint file not found: ${path}`,
    ]);
  }
  checkArchive(bytes);
  return bytes;
}

function pickled(state: CheckpointState): Uint8Array {
  return concat([
    Uint8Array.from([0x80, 2, 0x7d, 0x71, 0, 0x28]),
    ...memoised("epoch", 1),
    intOpcode(state.epoch),
    ...memoised("global_step", 2),
    intOpcode(state.globalStep),
    ...memoised("pytorch-lightning_version", 3),
    ...memoised("2.6.6", 4),
    ...memoised("state_dict", 5),
    encoder.encode("ccollections\nOrderedDict\n"),
    Uint8Array.from([0x71, 6, 0x29, 0x52, 0x71, 7, 0x28]),
    ...memoised("model.backbone.encoders.0.encoder_stack.0.blocks.stack0_enc0_conv0.weight", 8),
    encoder.encode("N"),
    ...memoised(headKey(state.modelType), 9),
    encoder.encode("Nuu."),
  ]);
}

function memoised(text: string, memo: number): Uint8Array[] {
  const bytes = encoder.encode(text);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return [Uint8Array.from([0x58, ...length]), bytes, Uint8Array.from([0x71, memo])];
}

function intOpcode(value: number): Uint8Array {
  if (value < 0x100) return Uint8Array.from([0x4b, value]);
  if (value < 0x10000) return Uint8Array.from([0x4d, value & 0xff, value >>> 8]);
  const bytes = new Uint8Array(5);
  bytes[0] = 0x4a;
  new DataView(bytes.buffer).setInt32(1, value, true);
  return bytes;
}

function pickledInt(bytes: Uint8Array, text: string, key: string): number {
  const length = String.fromCharCode(key.length);
  const at = text.indexOf(`X${length}\0\0\0${key}`);
  if (at < 0) throw traceback([`KeyError: '${key}'`]);
  const start = at + 5 + key.length + 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  switch (view.getUint8(start)) {
    case 0x4b:
      return view.getUint8(start + 1);
    case 0x4d:
      return view.getUint16(start + 1, true);
    default:
      return view.getInt32(start + 1, true);
  }
}

function headKey(modelType: string): string {
  return `model.head_layers.0.${camelCase(modelType)}ConfmapsHead.0.weight`;
}

function camelCase(name: string): string {
  return name.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
}

function truncated(): TrainerFailure {
  return traceback([
    '  File "<site-packages>/torch/serialization.py", line 1568, in load',
    '  File "<site-packages>/torch/serialization.py", line 807, in __init__',
    "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central " +
    "directory. This is an internal miniz error. If you are seeing this error, there is a high " +
    "likelihood that your checkpoint file is corrupted. This can happen if the checkpoint was " +
    "not saved properly, was transferred incorrectly, or the file was modified after saving.",
  ]);
}

function noArchive(bytes: Uint8Array): TrainerFailure {
  return traceback([
    '  File "<site-packages>/torch/_weights_only_unpickler.py", line 590, in load',
    '  File "<site-packages>/torch/_weights_only_unpickler.py", line 544, in load',
    `KeyError: ${bytes[1] ?? 0}`,
  ]);
}

function otherModel(modelType: string, text: string): TrainerFailure {
  const found = /model\.head_layers\.0\.\w+\.0\.weight/.exec(text)?.[0] ?? "";
  return traceback([
    '  File "<site-packages>/lightning/pytorch/strategies/strategy.py", line 372, in load_model_state_dict',
    '  File "<site-packages>/torch/nn/modules/module.py", line 2638, in load_state_dict',
    `RuntimeError: Error(s) in loading state_dict for ${moduleName(modelType)}:`,
    `\tMissing key(s) in state_dict: "${headKey(modelType)}".`,
    `\tUnexpected key(s) in state_dict: "${found}".`,
  ]);
}

function moduleName(modelType: string): string {
  const topDown = modelType === "centered_instance" ? "TopDown" : "";
  return `${topDown}${camelCase(modelType)}LightningModule`;
}
