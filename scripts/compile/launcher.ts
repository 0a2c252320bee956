/**
 * The launcher: one file with a shell header, the Deno runtime and the bundled program. It stands in
 * for `deno compile` where its runtime (`denort`) cannot be had. POSIX only.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { writeFileAtomic } from "../../lib/files/atomic_write.ts";
import { LAUNCHER_FLAGS } from "../../lib/self_command.ts";
import { type Bundle, bundle } from "./bundle.ts";
import { tar } from "./tar.ts";

/** Options of {@linkcode buildLauncher}. */
export interface LauncherOptions {
  /** Path of the main module. */
  entry: string;
  /** Path of the `deno.json` that its imports are resolved with. */
  config: string;
  /** Where the launcher is written. */
  output: string;
  /**
   * gzip level, 1 to 9.
   * @default {6}
   */
  level?: number;
}

const HEADER_STEP = 4096;
const CODE_CACHE_MB = 20;

/**
 * Build a launcher for this kind of computer, around the Deno that runs this.
 *
 * @throws {SleapRtcError} when the program cannot be bundled or the file cannot be written
 */
export async function buildLauncher(options: LauncherOptions): Promise<void> {
  const program = await bundle(options.entry, options.config);
  const runtime = await Deno.readFile(Deno.execPath());
  const archive = tar([
    ...program.files.map(([name, content]) => ({
      path: `app/${name}`,
      content,
      executable: false,
    })),
    { path: "deno", content: runtime, executable: true },
  ]);
  const payload = await promisify(gzip)(archive, { level: options.level ?? 6 });
  const header = await renderHeader(program, {
    ID: await shortSha256(archive),
    FILES: filesOf(program).join(" "),
    SIZES: sizesAsWcPrints(program, runtime.length),
    MEGABYTES: String(Math.ceil(archive.length / 1e6) + CODE_CACHE_MB),
  }, payload.length);
  await Deno.mkdir(dirname(options.output), { recursive: true });
  await writeFileAtomic(options.output, Buffer.concat([header, payload]), { mode: 0o755 });
}

/** The shell header, filled up with empty lines: its length is named in its own text. */
async function renderHeader(
  { entry }: Bundle,
  values: Record<string, string>,
  payloadBytes: number,
): Promise<Uint8Array> {
  const template = await Deno.readTextFile(new URL("launcher.sh", import.meta.url));
  for (let length = HEADER_STEP;; length += HEADER_STEP) {
    const filled: Record<string, string> = {
      ...values,
      NAME: "sleap-rtc",
      PLATFORM: unameOf(Deno.build),
      HEADER: String(length),
      TOTAL: String(length + payloadBytes),
      FLAGS: LAUNCHER_FLAGS.join(" "),
      ENTRY: entry,
    };
    const text = template.replaceAll(/@([A-Z]+)@/g, (whole, name) => filled[name] ?? whole);
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > length) continue;
    const header = new Uint8Array(length).fill("\n".charCodeAt(0));
    header.set(bytes);
    return header;
  }
}

function filesOf(program: Bundle): string[] {
  return ["deno", ...program.files.map(([name]) => `app/${name}`)];
}

/** What `wc -c FILES` prints, its words joined by single spaces. */
function sizesAsWcPrints(program: Bundle, runtimeBytes: number): string {
  const sizes = [runtimeBytes, ...program.files.map(([, content]) => content.length)];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const lines = filesOf(program).map((file, index) => `${sizes[index]} ${file}`);
  return [...lines, `${total} total`].join(" ");
}

/** What `uname -sm` prints on this kind of computer. */
function unameOf({ os, arch }: typeof Deno.build): string {
  if (os === "darwin") return `Darwin ${arch === "aarch64" ? "arm64" : arch}`;
  return `Linux ${arch}`;
}

async function shortSha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return digest.toHex().slice(0, 16);
}
