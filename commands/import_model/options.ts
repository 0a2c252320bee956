import { isStderrTerminal } from "../../lib/terminal/output.ts";
import { type FormatOptions, isJson } from "../shared/options.ts";

/** Options of `import-model`. */
export interface ImportOptions extends FormatOptions {
  alias?: string | undefined;
  modelType?: string | undefined;
  runName?: string | undefined;
  copy?: true | undefined;
  scan?: true | undefined;
  yes?: true | undefined;
  registry?: string | undefined;
}

/** Is there a person to ask? */
export function mayAsk(options: ImportOptions): boolean {
  const isAnswered = options.yes === true || isJson(options);
  return !isAnswered && Deno.stdin.isTerminal() && isStderrTerminal();
}
