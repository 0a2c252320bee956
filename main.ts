/**
 * sleap-rtc: train and run SLEAP pose models on your own GPU machines.
 *
 * @module
 */
import { runProgram } from "./commands/program.ts";

Deno.exit(await runProgram(Deno.args));
