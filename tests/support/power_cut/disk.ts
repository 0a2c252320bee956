/**
 * A disk with a cache, in memory: what of a series of operations a power cut may leave.
 *
 * It promises what POSIX does and no more: the content of a file is safe after its fsync, a name
 * after an fsync of its folder. File systems promise more; none of that may be needed.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";

/** A file or a folder, whatever its names. */
export type Node = number;

/** One operation that changes a disk, or makes changes safe. */
export type Operation =
  | { type: "write"; node: Node; at: number; bytes: Uint8Array }
  | { type: "truncate"; node: Node; length: number }
  /** Names of one folder given and taken, in one step: created, linked, renamed, removed. */
  | { type: "names"; node: Node; changes: readonly NameChange[]; call: string }
  | { type: "sync"; node: Node };

/** A name that stands for another node now, or for none. */
export interface NameChange {
  name: string;
  node: Node | null;
  kind: "file" | "folder";
}

/** What became of an operation that nobody had made safe: done, not done, or done in part. */
export type Fate = "done" | "lost" | "half" | "zeroed";

/** What is on a disk. */
export class DiskState {
  /** The folder that everything is in. */
  static readonly ROOT: Node = 0;
  readonly files = new Map<Node, Uint8Array>();
  readonly folders = new Map<Node, Map<string, Node>>([[DiskState.ROOT, new Map()]]);

  /** An equal state; contents are shared until they change. */
  copy(): DiskState {
    const copy = new DiskState();
    for (const [node, bytes] of this.files) copy.files.set(node, bytes);
    for (const [node, names] of this.folders) copy.folders.set(node, new Map(names));
    return copy;
  }

  /** Let an operation happen to the state. */
  apply(operation: Operation, fate: Fate = "done"): void {
    if (operation.type === "sync" || fate === "lost") return;
    const { node } = operation;
    if (operation.type === "names") {
      for (const change of operation.changes) this.#changeName(node, change);
    } else if (operation.type === "truncate") {
      this.files.set(node, resized(this.#content(node), operation.length));
    } else {
      const { at, bytes } = operation;
      const written = fate === "half" ? bytes.subarray(0, bytes.length >> 1) : bytes;
      const old = this.#content(node);
      const content = resized(old, Math.max(old.length, at + written.length));
      if (fate === "zeroed") content.fill(0, at, at + written.length);
      else content.set(written, at);
      this.files.set(node, content);
    }
  }

  /** Write the state into an empty folder of the real disk. */
  async writeTo(folder: string): Promise<void> {
    await this.#writeFolder(DiskState.ROOT, folder, new Map());
  }

  /** Names and digests of contents in one text: equal for equal states. */
  describe(options: { nodes: boolean }): string {
    return this.#describe(DiskState.ROOT, "", options);
  }

  #describe(node: Node, path: string, options: { nodes: boolean }): string {
    const names = [...this.folders.get(node) ?? []].sort(([a], [b]) => a < b ? -1 : 1);
    return names.map(([name, child]) => {
      const below = `${path}/${name}`;
      if (this.folders.has(child)) return `${below}/\n${this.#describe(child, below, options)}`;
      const digest = createHash("sha1").update(this.#content(child)).digest("hex");
      return `${below} ${options.nodes ? child : ""} ${digest}\n`;
    }).join("");
  }

  #content(node: Node): Uint8Array {
    return this.files.get(node) ?? new Uint8Array();
  }

  #changeName(folder: Node, { name, node, kind }: NameChange): void {
    const names = this.folders.get(folder) ?? new Map<string, Node>();
    this.folders.set(folder, names);
    if (node === null) {
      names.delete(name);
      return;
    }
    names.set(name, node);
    if (kind === "folder" && !this.folders.has(node)) this.folders.set(node, new Map());
  }

  async #writeFolder(node: Node, path: string, written: Map<Node, string>): Promise<void> {
    for (const [name, child] of this.folders.get(node) ?? []) {
      const below = join(path, name);
      const other = written.get(child);
      if (this.folders.has(child)) {
        await Deno.mkdir(below);
        await this.#writeFolder(child, below, written);
      } else if (other !== undefined) await Deno.link(other, below);
      else await Deno.writeFile(below, this.#content(child));
      written.set(child, below);
    }
  }
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}
