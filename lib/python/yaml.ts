/**
 * YAML as Python reads it: PyYAML's `safe_load`, or OmegaConf's loader on top of it.
 *
 * The `yaml` package finds the structure; scalars, merge keys and dict rules are PyYAML's.
 *
 * @module
 */
import { LineCounter, parseDocument, type YAMLParseError } from "yaml";
import { UsageError } from "../errors.ts";
import type { PyValue } from "./value.ts";
import type { YamlDialect } from "./yaml_scalar.ts";
import { YamlConstructor, YamlValueError } from "./yaml_constructor.ts";

/** Options of {@linkcode parseYaml}. */
export interface ParseYamlOptions {
  /** What error messages call the text, e.g. its file name. */
  source?: string;
  /** Whose reading of scalars and of repeated keys. @default {"pyyaml"} */
  dialect?: YamlDialect;
}

/** Everything else is refused by PyYAML's reader before it parses. */
const NOT_PRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
/** YAML 1.1 ends a line at these, YAML 1.2 does not. */
const OLD_LINE_BREAK = /[\x85\u2028\u2029]/u;

/**
 * Read one YAML document.
 *
 * @throws {UsageError} when it cannot be read, with line and column
 */
export function parseYaml(text: string, options: ParseYamlOptions = {}): PyValue {
  const source = options.source ?? "YAML text";
  const lines = new LineCounter();
  const fail = (position: number, problem: string) => {
    const { line, col } = lines.linePos(position);
    return new UsageError(
      `Cannot read "${source}" as YAML: line ${line}, column ${col}: ${problem}`,
    );
  };
  const document = parseDocument(text, {
    schema: "failsafe",
    version: "1.1",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
    lineCounter: lines,
  });
  refuseCharacters(text, fail);
  const [error] = document.errors;
  if (error !== undefined) throw fail(error.pos[0], problemOf(error));
  try {
    return new YamlConstructor(text, options.dialect ?? "pyyaml").construct(document.contents);
  } catch (problem) {
    if (problem instanceof YamlValueError) throw fail(problem.position, problem.message);
    throw problem;
  }
}

function problemOf(error: YAMLParseError): string {
  return error.code === "RESOURCE_EXHAUSTION" ? "nested too deeply" : error.message;
}

function refuseCharacters(
  text: string,
  fail: (position: number, problem: string) => UsageError,
): void {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  for (const pattern of [NOT_PRINTABLE, OLD_LINE_BREAK]) {
    const found = pattern.exec(body);
    if (found === null) continue;
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const position = found.index + text.length - body.length;
    throw fail(position, `the character U+${code} is not allowed here`);
  }
}
