/** All tests, and the files whose examples are run as tests. */
const ALL = ["tests/", "lib/registry.ts", "lib/self_command.ts"];

/** Options of `deno test` 2.9 whose value may be an argument of its own: it is no path. */
const WITH_VALUE = new Set([
  "--coverage-threshold",
  "--filter",
  "--junit-path",
  "--repeats",
  "--reporter",
  "--retry",
  "--seed",
  "--shard",
]);

/**
 * Arguments of `deno test` for those of `deno task test`: options as given, and everything is tested
 * unless paths are named.
 */
export function testArguments(args: readonly string[]): string[] {
  const isPath = (arg: string, index: number) =>
    !arg.startsWith("-") && !WITH_VALUE.has(args[index - 1] ?? "");
  return ["test", "-A", "--parallel", "--doc", ...args, ...(args.some(isPath) ? [] : ALL)];
}
