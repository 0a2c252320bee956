import { UsageError } from "../errors.ts";

/** Where an HDF5 file may begin: at 0, or after a user block of 512 bytes, doubled. */
const BEGINNINGS = [0, 512, 1024, 2048, 4096];
const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Check that a file can be SLEAP labels: `.slp` and `.pkg.slp` are HDF5 files. sleap-nn says so
 * itself, but seconds later and not which file.
 *
 * @param hint what the user can do when it is something else
 * @throws {UsageError} when it is something else
 */
export async function checkLabelsFile(path: string, hint: string): Promise<void> {
  using file = await Deno.open(path, { read: true });
  for (const offset of BEGINNINGS) {
    await file.seek(offset, Deno.SeekMode.Start);
    const bytes = new Uint8Array(HDF5_SIGNATURE.length);
    await file.read(bytes);
    if (HDF5_SIGNATURE.every((byte, index) => bytes[index] === byte)) return;
  }
  throw new UsageError(`"${path}" is not a SLEAP labels file`, { hint });
}
