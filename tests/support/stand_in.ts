/**
 * Puts a stand-in for `sleap-nn` into a folder (see `stand_in_trainer/`).
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeLabels } from "./stand_in_trainer/run/labels.ts";
import type { StandInScript } from "./stand_in_trainer/script.ts";

export type { Point, Stage, StandInScript } from "./stand_in_trainer/script.ts";

const SCRIPT_NAME = "sleap-nn.script.json";

/**
 * Write an executable `sleap-nn` into a folder.
 *
 * @returns its absolute path, for `SLEAP_RTC_SLEAP_NN`; the folder may also be put on PATH
 */
export async function makeStandIn(folder: string, script: StandInScript = {}): Promise<string> {
  const wrapper = join(resolve(folder), "sleap-nn");
  await setStandInScript(wrapper, script);
  await Deno.writeTextFile(wrapper, wrapperText(resolve(folder)), { mode: 0o755 });
  return wrapper;
}

/** Change what a stand-in does from its next start on. */
export async function setStandInScript(wrapper: string, script: StandInScript): Promise<void> {
  const path = join(wrapper, "..", SCRIPT_NAME);
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(script));
  await Deno.rename(`${path}.new`, path);
}

/** Write a file that the stand-in accepts as labels. */
export function makeLabels(path: string): string {
  writeLabels(path);
  return path;
}

function wrapperText(folder: string): string {
  const main = fileURLToPath(new URL("./stand_in_trainer/main.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const command = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    `--config=${config}`,
    "--allow-all",
    main,
    join(folder, SCRIPT_NAME),
  ];
  return [
    "#!/bin/sh",
    `export DENO_DIR=${shellQuoted(denoDir())} DENO_NO_UPDATE_CHECK=1`,
    `exec ${command.map(shellQuoted).join(" ")} "$@"`,
    "",
  ].join("\n");
}

/** Where Deno keeps what it downloaded, also for a trainer that is started without HOME. */
function denoDir(): string {
  const set = Deno.env.get("DENO_DIR");
  if (set) return set;
  const home = Deno.env.get("HOME") ?? "";
  if (Deno.build.os === "darwin") return join(home, "Library", "Caches", "deno");
  return join(Deno.env.get("XDG_CACHE_HOME") ?? join(home, ".cache"), "deno");
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
