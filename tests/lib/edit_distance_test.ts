import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance } from "../../lib/edit_distance.ts";

Deno.test("editDistance() counts inserted, deleted, replaced and swapped characters", () => {
  assert.equal(editDistance("a3f5", "a3f5"), 0);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("a3f5", "a3f"), 1);
  assert.equal(editDistance("a3f5", "a4f5"), 1);
  assert.equal(editDistance("a3f5", "3af5"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});

Deno.test("editDistance() is symmetric and at most the longer length", () => {
  fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
    const distance = editDistance(a, b);
    assert.equal(distance, editDistance(b, a));
    assert.ok(distance <= Math.max(a.length, b.length));
    assert.equal(distance === 0, a === b);
  }));
});
