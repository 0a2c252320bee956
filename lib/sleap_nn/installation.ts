/**
 * What the files of a Python installation tell about the `sleap-nn` in it.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";

/** Longest first line that is read; the kernel takes at most 256 bytes. */
const SHEBANG_BYTES = 1024;

/**
 * The Python that runs an executable which pip, pipx or uv installed.
 *
 * @param executable absolute path of a console script
 * @returns an absolute path, or null where the file does not tell (a wrapper of the user's own)
 */
export async function pythonOf(executable: string): Promise<string | null> {
  const real = await Deno.realPath(executable).catch(() => executable);
  const named = interpreterOf(await readStart(real));
  const beside = join(dirname(real), Deno.build.os === "windows" ? "python.exe" : "python");
  const python = named ?? beside;
  return await Deno.stat(python).then((info) => info.isFile ? python : null, () => null);
}

/**
 * The version of `sleap-nn` that the metadata beside an executable state; takes under a millisecond.
 *
 * @returns null where there are no such metadata
 */
export async function installedVersion(executable: string): Promise<string | null> {
  const packages = await sitePackagesOf(executable);
  if (packages === null) return null;
  for await (const { name } of Deno.readDir(packages)) {
    const version = /^sleap_nn-(.+)\.dist-info$/.exec(name)?.[1];
    if (version !== undefined) return version;
  }
  return null;
}

/**
 * The folder of packages that an executable belongs to.
 *
 * @returns an absolute path, or null where the executable is not one of a virtual environment
 */
export async function sitePackagesOf(executable: string): Promise<string | null> {
  const python = await pythonOf(executable);
  if (python === null) return null;
  const real = await Deno.realPath(python).catch(() => python);
  const library = Deno.build.os === "windows" ? "Lib" : join("lib", basename(real));
  const folder = join(dirname(dirname(python)), library, "site-packages");
  return await Deno.stat(folder).then((info) => info.isDirectory ? folder : null, () => null);
}

/** Both forms that pip writes: `#!PYTHON`, and for a long path `exec` in a shell script. */
function interpreterOf(start: string): string | null {
  const direct = /^#!\s*("?)(\/.*python[\d.]*)\1\s*$/m.exec(start)?.[2];
  const throughShell = /^'''exec' "?(\/[^"\n]*python[\d.]*)"? "\$0"/m.exec(start)?.[1];
  return direct ?? throughShell ?? null;
}

async function readStart(path: string): Promise<string> {
  try {
    using file = await Deno.open(path, { read: true });
    const buffer = new Uint8Array(SHEBANG_BYTES);
    const length = await file.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length));
  } catch {
    return "";
  }
}
