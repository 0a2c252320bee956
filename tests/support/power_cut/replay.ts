/**
 * Cutting the power at every moment of a recording, in every way.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { DiskState, Fate, Operation } from "./disk.ts";
import type { Recording } from "./recorder.ts";

const AT_ONCE = 4;
const SHOWN_OPERATIONS = 40;

/** What a power cut may leave. */
export interface CrashState {
  disk: DiskState;
  /** How many steps were acknowledged before it: their effects must be there. */
  acknowledged: number;
  /** After how many operations it was. */
  length: number;
  /** What it took. */
  what: string;
}

/** Options of {@linkcode crashStates} and {@linkcode replay}. */
export interface ReplayOptions {
  /** Files of which only the names matter: their contents arrive whole. */
  anyContent?: RegExp;
}

/**
 * Every state that a power cut during a recording may leave, each once: after each operation, with
 * everything done; with nothing that was not safe; with all unsafe contents zeroed; and for each
 * unsafe operation, with that alone lost, done in half, or zeroed.
 */
export function* crashStates(
  recording: Recording,
  options: ReplayOptions = {},
): Generator<CrashState> {
  const { operations, ends } = recording;
  const indifferent = nodesNamed(recording, options.anyContent);
  const seen = new Set<string>();
  for (let length = 0; length <= operations.length; length++) {
    const acknowledged = ends.filter((end) => end <= length).length;
    for (const { fates, what } of variants(operations.slice(0, length), indifferent)) {
      const disk = stateAfter(recording, length, fates);
      const key = `${acknowledged}\n${disk.describe({ nodes: true })}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { disk, acknowledged, length, what };
    }
  }
}

/**
 * Check every crash state of a recording, each in a folder of its own.
 *
 * @param check is given the folder, and throws where it is not as it must be
 * @returns how many states there were
 */
export async function replay(
  recording: Recording,
  check: (folder: string, crash: CrashState) => Promise<void>,
  options: ReplayOptions = {},
): Promise<number> {
  const states = crashStates(recording, options);
  let count = 0;
  const work = async () => {
    for (const crash of states) {
      count++;
      const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "power-cut-" }));
      try {
        await crash.disk.writeTo(folder);
        await check(folder, crash);
      } catch (cause) {
        throw new Error(described(crash, recording), { cause });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  };
  // A generator that is shared gives each state to one of them.
  const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const result of results) assert.equal(result.status, "fulfilled", reasonOf(result));
  return count;
}

function reasonOf(result: PromiseSettledResult<void>): Error | undefined {
  return result.status === "rejected" ? result.reason : undefined;
}

interface Variant {
  /** By the index of the operation; the others are done. */
  fates: ReadonlyMap<number, Fate>;
  what: string;
}

function* variants(
  operations: readonly Operation[],
  indifferent: ReadonlySet<number>,
): Generator<Variant> {
  const unsafe = unsafeOperations(operations);
  const contents = unsafe.filter(({ operation: { type, node } }) =>
    type !== "names" && !indifferent.has(node)
  );
  yield { fates: new Map(), what: "everything is done" };
  yield { fates: fatesOf(unsafe, "lost"), what: "all that is not safe is lost" };
  yield { fates: fatesOf(contents, "zeroed"), what: "all contents that are not safe are zeroed" };
  for (const { index, operation } of unsafe) {
    const isWrite = operation.type === "write";
    if (isWrite && indifferent.has(operation.node)) continue;
    for (const fate of isWrite ? ["lost", "half", "zeroed"] as const : ["lost"] as const) {
      yield { fates: new Map([[index, fate]]), what: `operation ${index + 1} is ${fate}` };
    }
  }
}

function fatesOf(operations: readonly { index: number }[], fate: Fate): Map<number, Fate> {
  return new Map(operations.map(({ index }) => [index, fate]));
}

function unsafeOperations(
  operations: readonly Operation[],
): { index: number; operation: Operation }[] {
  const safe = new Set<number>();
  return operations.map((operation, index) => ({ operation, index })).toReversed()
    .filter(({ operation: { type, node } }) => {
      if (type === "sync") safe.add(node);
      return !safe.has(node);
    }).toReversed();
}

function stateAfter(
  { before, operations }: Recording,
  length: number,
  fates: ReadonlyMap<number, Fate>,
): DiskState {
  const disk = before.copy();
  for (const [index, operation] of operations.slice(0, length).entries()) {
    disk.apply(operation, fates.get(index));
  }
  return disk;
}

function nodesNamed({ before, operations }: Recording, name: RegExp | undefined): Set<number> {
  const names = [
    ...[...before.folders.values()].flatMap((folder) => [...folder]),
    ...operations.flatMap((operation) =>
      operation.type === "names"
        ? operation.changes.map(({ name, node }) => [name, node] as const)
        : []
    ),
  ];
  return new Set(names.flatMap(([one, node]) => node !== null && name?.test(one) ? [node] : []));
}

/** For who looks for the fault. */
function described({ length, what }: CrashState, { operations, ends }: Recording): string {
  const lines = operations.slice(0, length).map((operation, index) => {
    const end = ends.includes(index + 1) ? "   <- acknowledged" : "";
    return `${index + 1}. ${inWords(operation)}${end}`;
  });
  return [...lines.slice(-SHOWN_OPERATIONS), `Power cut: ${what}`].join("\n");
}

function inWords(operation: Operation): string {
  switch (operation.type) {
    case "names": {
      const names = operation.changes.map(({ name, node }) => `${name}=${node ?? "gone"}`);
      return `${operation.call} in ${operation.node}: ${names.join(", ")}`;
    }
    case "write":
      return `write ${operation.bytes.length} bytes at ${operation.at} of ${operation.node}`;
    case "truncate":
      return `truncate ${operation.node} to ${operation.length}`;
    case "sync":
      return `sync ${operation.node}`;
  }
}
