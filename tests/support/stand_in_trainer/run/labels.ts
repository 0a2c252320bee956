/**
 * Label files: those given are looked at as far as h5py's first glance goes, those written are
 * placeholders.
 *
 * @module
 */
import { traceback } from "../python/failure.ts";

const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const PLACEHOLDER_BYTES = 1024;

/**
 * Open label files.
 *
 * @throws {TrainerFailure} if one is missing or no HDF5 file
 */
export function checkLabels(paths: readonly string[]): void {
  for (const path of paths) {
    const head = readHead(path);
    if (HDF5_SIGNATURE.some((byte, index) => head[index] !== byte)) {
      throw unreadable("OSError: Unable to synchronously open file (file signature not found)");
    }
  }
}

/** Write a file that passes {@linkcode checkLabels}. */
export function writeLabels(path: string): void {
  const bytes = new Uint8Array(PLACEHOLDER_BYTES);
  bytes.set(HDF5_SIGNATURE);
  Deno.writeFileSync(path, bytes);
}

function readHead(path: string): Uint8Array {
  const head = new Uint8Array(HDF5_SIGNATURE.length);
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch {
    throw unreadable(
      "FileNotFoundError: [Errno 2] Unable to synchronously open file (unable to open file: " +
        `name = '${path}', errno = 2, error message = 'No such file or directory', ` +
        "flags = 0, o_flags = 0)",
    );
  }
  using opened = file;
  opened.readSync(head);
  return head;
}

function unreadable(message: string): Error {
  return traceback([
    '  File "<site-packages>/h5py/_hl/files.py", line 232, in make_fid',
    '  File "h5py/_objects.pyx", line 54, in h5py._objects.with_phil.wrapper',
    '  File "h5py/_objects.pyx", line 55, in h5py._objects.with_phil.wrapper',
    '  File "h5py/h5f.pyx", line 106, in h5py.h5f.open',
    message,
  ]);
}
