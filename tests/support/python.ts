/**
 * A Python interpreter for tests against the real thing.
 *
 * @module
 */
import { join } from "node:path";

const REPOSITORY = join(import.meta.dirname ?? ".", "..", "..");

/**
 * A Python that can import `module`: `SLEAP_RTC_TEST_PYTHON`, the engine's own, or `python3`.
 *
 * @returns its path, or null where there is none
 */
export async function findPython(module: string): Promise<string | null> {
  const candidates = [
    Deno.env.get("SLEAP_RTC_TEST_PYTHON"),
    join(REPOSITORY, ".engine", "bin", "python"),
    join(REPOSITORY, ".engine", "venv", "bin", "python"),
    "python3",
  ];
  for (const candidate of candidates) {
    if (candidate && await canImport(candidate, module)) return candidate;
  }
  return null;
}

async function canImport(python: string, module: string): Promise<boolean> {
  const code =
    "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)";
  try {
    const command = new Deno.Command(python, {
      args: ["-c", code, module],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    return (await command.output()).success;
  } catch {
    return false;
  }
}
