import assert from "node:assert/strict";
import fc from "fast-check";
import { mapPath, pathRules } from "../../../lib/prediction/path_map.ts";
import { runProgram } from "../../../lib/run_program.ts";
import { MAPPED_PY } from "../../../lib/sleap_nn/path_map.ts";
import { findPython } from "../../support/python.ts";

const python = await findPython("json");
const SCRIPT = `
import json, sys
for_each = json.loads(sys.argv[1])
${MAPPED_PY}
found = []
for rules, name in for_each:
    found.append(mapped(name))
print(json.dumps(found))
`;

Deno.test({
  name: "Python opens the path that was checked, whatever the map and the name",
  ignore: python === null,
  fn: async () => {
    if (python === null) return;
    const part = fc.constantFrom("v", "𝒜", "w x", ".", "..", "", "C:");
    const path = fc.tuple(
      fc.array(part, { maxLength: 5 }),
      fc.constantFrom("/", "\\"),
      fc.constantFrom("", "/"),
    ).map(([parts, slash, start]) => start + parts.join(slash));
    const maps = fc.dictionary(path, path.map((to) => `/${to}`), { maxKeys: 4 });
    const cases = fc.sample(fc.tuple(maps, path), 500).filter(([map]) => isUsable(map));
    assert.ok(cases.length > 50);
    const asked = cases.map(([map, name]) => [pathRules(map), name]);
    const { stdout, stderr } = await runProgram(python, ["-c", SCRIPT, JSON.stringify(asked)]);
    assert.equal(stderr, "");
    assert.deepEqual(JSON.parse(stdout), cases.map(([map, name]) => mapPath(name, map)));
  },
});

function isUsable(map: Record<string, string>): boolean {
  try {
    return pathRules(map).length > 0;
  } catch {
    return false;
  }
}
