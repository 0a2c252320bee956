import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);
const ROW = /^\| CR(\d+) +\|.*\|(.*)\|$/gm;

Deno.test("every test that docs/recovery.md names for a requirement names that requirement", async () => {
  const tests = await testTexts(new URL("tests/", ROOT));
  const doc = await Deno.readTextFile(new URL("docs/recovery.md", ROOT));
  const rows = [...doc.matchAll(ROW)];
  assert.deepEqual(
    rows.map(([, item]) => Number(item)),
    Array.from({ length: 32 }, (_, i) => i + 1),
  );
  for (const [, item = "", where = ""] of rows) {
    const files = [...where.matchAll(/`(?:e2e\/)?(\w+_test\.ts)`/g)].map(([, name = ""]) => name);
    assert.ok(files.length > 0 || /\breplaced\b/.test(where), `CR${item} has neither`);
    for (const file of files) {
      const isNamed = tests.some(({ name, items }) => name === file && items.has(Number(item)));
      assert.ok(isNamed, `CR${item}: no test in ${file} names it`);
    }
  }
});

/** Which requirements the names and texts of test files mention: `CR12`, `CR4-CR8`. */
async function testTexts(folder: URL): Promise<{ name: string; items: Set<number> }[]> {
  const found: { name: string; items: Set<number> }[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await testTexts(new URL(`${name}/`, folder)));
    if (!name.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    const items = new Set<number>();
    for (const [, first, last = first] of text.matchAll(/\bCR(\d+)(?:-CR(\d+))?\b/g)) {
      for (let item = Number(first); item <= Number(last); item++) items.add(item);
    }
    found.push({ name, items });
  }
  return found;
}
