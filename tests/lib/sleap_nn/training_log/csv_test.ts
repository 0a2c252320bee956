import assert from "node:assert/strict";
import fc from "fast-check";
import { CsvReader } from "../../../../lib/sleap_nn/training_log/csv.ts";

/** As Python's csv.writer with its default dialect. */
function write(records: string[][]): string {
  return records.map((record) =>
    record.map((field) => /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)
      .join(",") + "\r\n"
  ).join("");
}

Deno.test("CsvReader reads what Python writes, however it is cut", () => {
  const field = fc.string({ unit: fc.constantFrom("a", ",", '"', "\r", "\n", "é", "🐭", " ") });
  fc.assert(fc.property(
    fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
    fc.nat(),
    (records, seed) => {
      const text = write(records);
      const reader = new CsvReader();
      const at = text.length === 0 ? 0 : seed % text.length;
      assert.deepEqual([...reader.add(text.slice(0, at)), ...reader.add(text.slice(at))], records);
    },
  ));
});

Deno.test("CsvReader keeps a line back until it has ended", () => {
  const reader = new CsvReader();
  assert.deepEqual(reader.add("a,b\n1,"), [["a", "b"]]);
  assert.deepEqual(reader.add('"x\n'), []);
  assert.deepEqual(reader.add('y"\r'), []);
  assert.deepEqual(reader.add("\n"), [["1", "x\ny"]]);
});
