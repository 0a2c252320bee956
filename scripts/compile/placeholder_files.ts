/**
 * The smallest files that this program takes for labels and for a checkpoint.
 *
 * @module
 */
const encoder = new TextEncoder();
const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** An `.slp` file as far as its signature. */
export function placeholderLabels(): Uint8Array {
  const bytes = new Uint8Array(1024);
  bytes.set(HDF5_SIGNATURE);
  return bytes;
}

/**
 * A checkpoint of a finished first epoch: a zip whose first member, stored, is the pickle of
 * `{"epoch": 0, "global_step": 1}`, and its end record.
 */
export function placeholderCheckpoint(): Uint8Array {
  const name = encoder.encode("best/data.pkl");
  const localHeader = new Uint8Array(30);
  localHeader.set([0x50, 0x4b, 0x03, 0x04]);
  localHeader[26] = name.length;
  const endRecord = new Uint8Array(22);
  endRecord.set([0x50, 0x4b, 0x05, 0x06]);
  const pickle = [
    ...[0x80, 2, 0x7d, 0x28],
    ...[...pickledText("epoch"), 0x4b, 0],
    ...[...pickledText("global_step"), 0x4b, 1],
    ...[0x75, 0x2e],
  ];
  return new Uint8Array([...localHeader, ...name, ...pickle, ...endRecord]);
}

/** BINUNICODE: the length in 4 bytes, then the text. */
function pickledText(text: string): number[] {
  return [0x58, text.length, 0, 0, 0, ...encoder.encode(text)];
}
