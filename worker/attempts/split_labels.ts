import { join } from "node:path";

/** The labels that an attempt trained and validated on. */
export interface SplitLabels {
  /** Absolute paths, in order. */
  train: string[];
  val: string[];
}

const NAME = /^labels_gt\.(train|val)\.(\d{1,6})\.slp$/;

/**
 * The labels that sleap-nn wrote down at the start of an attempt: training on them again keeps every
 * frame on the side of the split where it was.
 *
 * @param folder absolute path of the attempt's folder
 * @returns null where they are not all there
 */
export async function splitLabelsIn(folder: string): Promise<SplitLabels | null> {
  const found = { train: new Map<number, string>(), val: new Map<number, string>() };
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const [, side, number] = NAME.exec(name) ?? [];
      if (side === "train" || side === "val") found[side].set(Number(number), join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const train = inOrder(found.train);
  const val = inOrder(found.val);
  return train === null || val === null ? null : { train, val };
}

function inOrder(files: ReadonlyMap<number, string>): string[] | null {
  const paths = Array.from({ length: files.size }, (_, number) => files.get(number))
    .filter((path) => path !== undefined);
  return paths.length === 0 || paths.length < files.size ? null : paths;
}
