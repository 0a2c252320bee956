import { posix } from "node:path";
import { UsageError } from "../../errors.ts";
import type { ZipEntry } from "../../files/zip_directory.ts";
import type { ZipReader } from "../../files/zip_reader.ts";
import { decodeConfig, MAX_CONFIG_BYTES } from "../train_config/config_file.ts";

/** Name of the script in every training package. */
export const SCRIPT_NAME = "train-script.sh";

/** The files of a package by their names in it, its top folder left out. */
export class PackageFiles {
  /** The zip file. */
  readonly zip: ZipReader;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  /** @throws {UsageError} when it cannot be told which folder is the package */
  constructor(zip: ZipReader) {
    this.zip = zip;
    const files = zip.entries.filter(({ name }) => !name.endsWith("/") && !isHidden(name));
    const root = findRoot(files.map(({ name }) => name), zip.path);
    this.#entries = new Map(
      files.filter(({ name }) => name.startsWith(root))
        .map((entry) => [entry.name.slice(root.length), entry]),
    );
  }

  /** All names, sorted. */
  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** Whether there is a file of this name. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws {UsageError} when there is no file of this name */
  require(name: string): ZipEntry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    throw new UsageError(`Training package "${this.zip.path}" does not hold "${name}"`);
  }

  /**
   * The text of a small file.
   *
   * @throws {UsageError} when it is missing, damaged, not UTF-8, or too large
   */
  async readText(name: string): Promise<string> {
    const bytes = await this.zip.read(this.require(name), MAX_CONFIG_BYTES);
    return decodeConfig(bytes, this.sourceOf(name));
  }

  /** What messages call a file of the package. */
  sourceOf(name: string): string {
    return `${this.zip.path}/${name}`;
  }
}

/** What macOS and editors leave behind. */
function isHidden(name: string): boolean {
  return name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

function findRoot(names: readonly string[], path: string): string {
  if (names.some((name) => /^[^/]+\.(?:ya?ml|json|slp|sh)$/i.test(name))) return "";
  const folders = [...new Set(names.filter((name) => name.includes("/")).map(topFolder))];
  const scripted = folders.filter((folder) => names.includes(posix.join(folder, SCRIPT_NAME)));
  const [root, ...more] = scripted.length > 0 ? scripted : folders;
  if (more.length === 0) return root ?? "";
  throw new UsageError(`Training package "${path}" holds several folders: ${folders.join(" ")}`, {
    hint: "Make one zip file of each training job.",
  });
}

function topFolder(name: string): string {
  return name.slice(0, name.indexOf("/") + 1);
}
