/**
 * The program and its packages as a few JavaScript files that need nothing else.
 *
 * @module
 */
import { join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";

/** A bundled program. */
export interface Bundle {
  /** Name of the file to run. */
  entry: string;
  /** Name and content of every file, sorted by name, all in one folder. */
  files: [name: string, content: Uint8Array][];
}

/**
 * Bundle `entry` with `deno bundle`, one file for each part that the program loads lazily.
 *
 * @param entry path of the main module
 * @param config path of the `deno.json` that its imports are resolved with
 * @throws {SleapRtcError} when it cannot be bundled
 */
export async function bundle(entry: string, config: string): Promise<Bundle> {
  const folder = await Deno.makeTempDir({ prefix: "sleap-rtc-bundle-" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--platform=deno",
        "--code-splitting",
        "--keep-names",
        `--config=${config}`,
        `--outdir=${folder}`,
        entry,
      ],
      env: { NO_COLOR: "1" },
      stdout: "null",
    }).output();
    if (!success) {
      throw new SleapRtcError(
        `Cannot bundle "${entry}": ${new TextDecoder().decode(stderr).trim()}`,
      );
    }
    return await readBundle(folder, entry);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readBundle(folder: string, entry: string): Promise<Bundle> {
  const sources = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    sources.set(name, await Deno.readTextFile(join(folder, name)));
  }
  const encoder = new TextEncoder();
  const files = [...withNamedExports(sources)]
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, source]): [string, Uint8Array] => [name, encoder.encode(source)]);
  const name = entry.replace(/^.*[\\/]/, "").replace(/\.ts$/, ".js");
  if (!sources.has(name)) throw new SleapRtcError(`Cannot bundle "${entry}": no "${name}" made`);
  return { entry: name, files };
}

/**
 * With code splitting, `await import("a CommonJS package")` yields only `default`; outside a bundle
 * it yields the named exports too. Give the importers what they were written for.
 */
function withNamedExports(sources: Map<string, string>): Map<string, string> {
  const commonJs = [...sources]
    .filter(([, source]) => /^export default require_\w+\(\);\s*$/m.test(source))
    .map(([name]) => `import("./${name}")`);
  const rewritten = new Map<string, string>();
  for (const [name, source] of sources) {
    rewritten.set(
      name,
      commonJs.reduce(
        (text, call) =>
          text.replaceAll(
            call,
            () => `${call}.then((m) => ({ ...m.default, default: m.default }))`,
          ),
        source,
      ),
    );
  }
  return rewritten;
}
