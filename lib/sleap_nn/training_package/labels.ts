import { UsageError } from "../../errors.ts";
import type { PackagedConfig } from "./configs.ts";
import type { PackageFiles } from "./package_files.ts";

/**
 * Which labels of a package are trained: the file that script and configurations name, else the
 * only one.
 *
 * @throws {UsageError} when there are none, or several and no name tells them apart
 */
export function chooseLabels(
  files: PackageFiles,
  configs: readonly PackagedConfig[],
): { labels: string; valLabels: string | null } {
  const candidates = labelsFiles(files);
  const named = namedIn(candidates, configs.flatMap(({ labels }) => labels));
  const namedVal = namedIn(candidates, configs.flatMap(({ valLabels }) => valLabels));
  const rest = candidates.filter((name) => !namedVal.includes(name));
  const labels = only(named.length > 0 ? named : rest.length > 0 ? rest : candidates, files);
  const valLabels = namedVal.length > 0 ? only(namedVal, files) : null;
  for (const name of [labels, valLabels]) {
    if (name !== null) files.zip.checkSize(files.require(name));
  }
  return { labels, valLabels };
}

/** Self-contained labels if there are any; other labels need their videos beside them. */
function labelsFiles(files: PackageFiles): string[] {
  const all = files.names.filter((name) => /\.slp$/i.test(name));
  const packed = all.filter((name) => /\.pkg\.slp$/i.test(name));
  if (all.length > 0) return packed.length > 0 ? packed : all;
  throw new UsageError(`Training package "${files.zip.path}" holds no labels (.pkg.slp)`, {
    hint:
      "Export it from SLEAP with labels, or unpack it and give the configuration with --config " +
      "and the labels with --labels.",
  });
}

/** Paths in a package's configurations are the exporting machine's; the file name counts. */
function namedIn(candidates: readonly string[], paths: readonly string[]): string[] {
  const wanted = new Set(paths.map(lastPart));
  return candidates.filter((name) => wanted.has(lastPart(name)));
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}

function only(names: readonly string[], files: PackageFiles): string {
  const [name, ...more] = names;
  if (name !== undefined && more.length === 0) return name;
  throw new UsageError(
    `Training package "${files.zip.path}" holds several labels files: ${names.join(", ")}`,
    { hint: "Unpack it and give the configuration with --config and the labels with --labels." },
  );
}
