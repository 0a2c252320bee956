/** Loaded lazily by the program, so that its bundle has more than one file. */
export function lazyText(): string {
  return `loaded when needed by ${Deno.build.standalone ? "an executable" : "Deno"}`;
}
