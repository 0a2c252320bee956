/**
 * Records what a piece of this program does to a folder, by standing in for the functions of Deno
 * that it calls.
 *
 * @module
 */
import assert from "node:assert/strict";
import { basename, dirname, join, relative, sep } from "node:path";
import { DiskState, type NameChange, type Node, type Operation } from "./disk.ts";

/** What was done to a folder. */
export interface Recording {
  /** The folder before; all of it is safe. */
  before: DiskState;
  operations: readonly Operation[];
  /** How many operations there were at the end of each step: that step is acknowledged then. */
  ends: readonly number[];
}

/** What a step does; it may only return once its effect is safe. */
export type Step = () => Promise<void>;

/**
 * Run steps that change a folder, one after another, and record how they do it.
 *
 * @param afterStep called between the steps; what it does is not recorded
 */
export async function record(
  folder: string,
  steps: readonly Step[],
  afterStep: (done: number) => Promise<void> = async () => {},
): Promise<Recording> {
  const disk = await readDisk(folder);
  const before = disk.copy();
  const recorder = new Recorder(folder, disk);
  const ends: number[] = [];
  for (const [index, step] of steps.entries()) {
    using _standIn = standInFor(recorder);
    await step();
    ends.push(recorder.operations.length);
    _standIn[Symbol.dispose]();
    await afterStep(index + 1);
  }
  const [ours, real] = [disk, await readDisk(folder)].map((one) => one.describe({ nodes: false }));
  assert.equal(ours, real, "all was recorded");
  return { before, operations: recorder.operations, ends };
}

class Recorder {
  readonly operations: Operation[] = [];
  readonly open = new WeakMap<Deno.FsFile, Node>();
  readonly #folder: string;
  readonly #disk: DiskState;
  #lastNode: Node;

  constructor(folder: string, disk: DiskState) {
    this.#folder = folder;
    this.#disk = disk;
    this.#lastNode = Math.max(0, ...disk.files.keys(), ...disk.folders.keys());
  }

  /** The node of a path in the folder; null: it has none, or is none of ours. */
  find(path: string): Node | null {
    const inside = relative(this.#folder, path);
    if (inside === "") return DiskState.ROOT;
    if (inside === ".." || inside.startsWith(`..${sep}`)) return null;
    let node: Node | undefined = DiskState.ROOT;
    for (const name of inside.split(sep)) {
      node = node === undefined ? undefined : this.#disk.folders.get(node)?.get(name);
    }
    return node ?? null;
  }

  add(operation: Operation): void {
    this.operations.push(operation);
    this.#disk.apply(operation);
  }

  /** Names of one folder have changed; folders that are not ours do not matter. */
  names(call: string, folder: string, changes: readonly NameChange[]): void {
    const node = this.find(folder);
    if (node !== null) this.add({ type: "names", node, changes, call });
  }

  /** A file or folder was made where there was nothing. */
  created(call: string, path: string, kind: NameChange["kind"]): void {
    if (this.find(path) !== null) return;
    this.names(call, dirname(path), [{ name: basename(path), node: ++this.#lastNode, kind }]);
  }

  kindOf(node: Node): NameChange["kind"] {
    return this.#disk.folders.has(node) ? "folder" : "file";
  }

  /** Folders on the way to a path that are not there yet, the outermost first. */
  missing(path: string): string[] {
    return this.find(path) !== null ? [] : [...this.missing(dirname(path)), path];
  }
}

/** Replace the functions of Deno that change files until the result is disposed of. */
function standInFor(recorder: Recorder): Disposable {
  const file = Deno.FsFile.prototype;
  const real = {
    open: Deno.open,
    rename: Deno.rename,
    remove: Deno.remove,
    mkdir: Deno.mkdir,
    link: Deno.link,
  };
  const { write, truncate, sync, syncData } = file;
  Deno.open = async (path, options = { read: true }) => {
    const opened = await real.open(path, options);
    const text = String(path);
    if (options.create || options.createNew) recorder.created("create", text, "file");
    const node = recorder.find(text);
    if (node === null) return opened;
    recorder.open.set(opened, node);
    if (options.truncate) recorder.add({ type: "truncate", node, length: 0 });
    return opened;
  };
  Deno.rename = async (from, to) => {
    const node = recorder.find(String(from));
    await real.rename(from, to);
    if (node === null) return;
    assert.equal(dirname(String(from)), dirname(String(to)), "within one folder");
    const kind = recorder.kindOf(node);
    recorder.names("rename", dirname(String(to)), [
      { name: basename(String(from)), node: null, kind },
      { name: basename(String(to)), node, kind },
    ]);
  };
  Deno.remove = async (path, options) => {
    const text = String(path);
    await real.remove(path, options);
    recorder.names("remove", dirname(text), [{ name: basename(text), node: null, kind: "file" }]);
  };
  Deno.mkdir = async (path, options) => {
    await real.mkdir(path, options);
    for (const folder of recorder.missing(String(path))) {
      recorder.created("mkdir", folder, "folder");
    }
  };
  Deno.link = async (from, to) => {
    await real.link(from, to);
    const node = recorder.find(from);
    recorder.names("link", dirname(to), [{ name: basename(to), node, kind: "file" }]);
  };
  file.write = async function (bytes) {
    const node = recorder.open.get(this);
    const at = node === undefined ? 0 : await this.seek(0, Deno.SeekMode.Current);
    const written = await write.call(this, bytes);
    if (node !== undefined) {
      recorder.add({ type: "write", node, at, bytes: bytes.slice(0, written) });
    }
    return written;
  };
  file.truncate = async function (length = 0) {
    await truncate.call(this, length);
    const node = recorder.open.get(this);
    if (node !== undefined) recorder.add({ type: "truncate", node, length });
  };
  const syncing = (call: () => Promise<void>) =>
    async function (this: Deno.FsFile): Promise<void> {
      await call.call(this);
      const node = recorder.open.get(this);
      if (node !== undefined) recorder.add({ type: "sync", node });
    };
  file.sync = syncing(sync);
  file.syncData = syncing(syncData);
  return {
    [Symbol.dispose]() {
      Object.assign(Deno, real);
      Object.assign(file, { write, truncate, sync, syncData });
    },
  };
}

/** What is in a folder of the real disk. */
async function readDisk(folder: string): Promise<DiskState> {
  const disk = new DiskState();
  let last = DiskState.ROOT;
  const readInto = async (node: Node, path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      const child = ++last;
      const kind = isDirectory ? "folder" : "file";
      disk.apply({ type: "names", node, call: "", changes: [{ name, node: child, kind }] });
      if (isDirectory) await readInto(child, join(path, name));
      else disk.files.set(child, await Deno.readFile(join(path, name)));
    }
  };
  await readInto(DiskState.ROOT, folder);
  return disk;
}
