import assert from "node:assert/strict";
import { testArguments } from "../../../scripts/run_tests/arguments.ts";

const ALWAYS = ["test", "-A", "--parallel", "--doc"];
const ALL = ["tests/", "lib/registry.ts", "lib/self_command.ts"];

Deno.test("testArguments() tests everything unless paths are named, whatever the options", () => {
  assert.deepEqual(testArguments([]), [...ALWAYS, ...ALL]);
  for (
    const options of [["--filter", "lock"], ["--filter=lock", "--fail-fast"], ["--retry", "2"]]
  ) {
    assert.deepEqual(testArguments(options), [...ALWAYS, ...options, ...ALL]);
  }
});

Deno.test("testArguments() tests only the paths that are named", () => {
  const args = ["--filter", "lock", "tests/lib/files"];
  assert.deepEqual(testArguments(args), [...ALWAYS, ...args]);
  assert.deepEqual(testArguments(["tests/lib/log_test.ts"]), [...ALWAYS, "tests/lib/log_test.ts"]);
});
