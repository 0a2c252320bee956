/**
 * sleap-rtc: train and run SLEAP pose models on your own GPU machines.
 *
 * @module
 */

const [name, folder, ...rest] = Deno.args;

// Each loads its own: a supervisor works beside a trainer that needs the machine.
if (name === "supervise" && folder?.startsWith("/") && rest.length === 0) {
  const { superviseAlone } = await import("./commands/supervise/run.ts");
  Deno.exit(await superviseAlone(folder));
} else {
  const { runCommandLine } = await import("./commands/program.ts");
  Deno.exit(await runCommandLine(Deno.args));
}
