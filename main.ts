/**
 * sleap-rtc: train and run SLEAP pose models on your own GPU machines.
 *
 * @module
 */
import { runCommandLine } from "./commands/program.ts";

Deno.exit(await runCommandLine(Deno.args));
