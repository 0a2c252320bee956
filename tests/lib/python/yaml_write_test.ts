import assert from "node:assert/strict";
import fc from "fast-check";
import { dumps } from "../../../lib/python/json.ts";
import { PyDate, type PyScalar, type PyValue } from "../../../lib/python/value.ts";
import { parseYaml } from "../../../lib/python/yaml.ts";
import { writeYaml } from "../../../lib/python/yaml_write.ts";

const trickyTexts = fc.constantFrom(
  ...["", "yes", "y", "1", "1e5", "1e-5", "017", "1:30", "2020-01-01", "null", "~", "<<", "="],
  ...["${x}", "a: b", " a", "a ", "# a", "- a", "? a", "[", "{", "!x", "&x", "*x", "'", '"', "\\"],
  ...[
    "\n",
    "a\n",
    "\t",
    "\r",
    "\u0085",
    "\u2028",
    "\ufeff",
    "\u007f",
    "\ud800",
    "🐭",
    "---",
    "a#b",
  ],
);
const texts = fc.oneof(trickyTexts, fc.string(), fc.string({ unit: "binary" }));
const scalars = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.bigInt(),
  fc.double({ noNaN: true }),
  texts,
);
const { value } = fc.letrec<{ value: PyValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    scalars,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(texts, tie("value")), { maxLength: 4 })
      .map((entries): PyValue => new Map<PyScalar, PyValue>(entries)),
  ),
}));

Deno.test("writeYaml() writes what both readers read back", () => {
  fc.assert(fc.property(value, (tree) => {
    const text = writeYaml(tree);
    for (const dialect of ["pyyaml", "omegaconf"] as const) {
      assert.equal(dumps(parseYaml(text, { dialect })), dumps(tree));
    }
  }));
});

Deno.test("writeYaml() writes readable block style", () => {
  const tree = parseYaml(
    "a: {lr: 1.0e-05, k: 10, on: yes, none: ~}\n'yes': []\nb: {}\nc: [x, 'a b', [1, {d: 2.0}]]",
  );
  assert.equal(
    writeYaml(tree),
    `a:
  lr: 1.0e-05
  k: 10
  true: true
  none: null
"yes": []
b: {}
c:
  - x
  - "a b"
  - - 1
    - d: 2.0
`,
  );
});

Deno.test("writeYaml() writes floats with a dot and dates as they were", () => {
  const items = [1e22, -0, NaN, Infinity, -Infinity, 5e-324, new PyDate("2025-11-06")];
  assert.equal(
    writeYaml(items),
    "- 1.0e+22\n- -0.0\n- .nan\n- .inf\n- -.inf\n- 5.0e-324\n- 2025-11-06\n",
  );
});
