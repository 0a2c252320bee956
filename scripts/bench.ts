/**
 * `deno task bench [NAME]`: measure against the budgets; exit code 1 when one is missed.
 *
 * @module
 */
import { EXIT, UsageError } from "../lib/errors.ts";
import { type Measurement, quantile } from "../bench/measurement.ts";
import { writeStderr, writeStdout } from "../lib/terminal/output.ts";
import { renderTable } from "../lib/terminal/table.ts";

/** The benchmarks by name. */
const BENCHMARKS: Record<string, () => Promise<{ run(): Promise<Measurement[]> }>> = {
  connect: () => import("../bench/connect.ts"),
  registry: () => import("../bench/registry.ts"),
  supervision: () => import("../bench/supervision.ts"),
};

async function main(names: readonly string[]): Promise<number> {
  let isMissed = false;
  for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
    const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
    if (load === undefined) {
      throw new UsageError(
        `No benchmark "${name}": there is ${Object.keys(BENCHMARKS).join(", ")}`,
      );
    }
    const measurements = await (await load()).run();
    writeStdout(renderTable(["FIGURE", "MEDIAN", "P95", "BUDGET", ""], measurements.map(row)));
    isMissed ||= measurements.some((measurement) => verdict(measurement) === "MISSED");
  }
  return isMissed ? EXIT.failed : EXIT.done;
}

function row(measurement: Measurement): string[] {
  const { figure, samples, budget, unit = "ms" } = measurement;
  return [
    figure,
    `${rounded(quantile(samples, 0.5))} ${unit}`,
    `${rounded(quantile(samples, 0.95))} ${unit}`,
    budget === null ? "-" : `< ${budget} ${unit}`,
    verdict(measurement),
  ];
}

function verdict({ samples, budget }: Measurement): string {
  if (budget === null) return "";
  return quantile(samples, 0.5) < budget ? "ok" : "MISSED";
}

function rounded(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  writeStderr(`error: ${error.message}\n`);
  Deno.exit(error.exitCode);
}
