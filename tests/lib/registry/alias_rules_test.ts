import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../lib/errors.ts";
import {
  checkAlias,
  cleanAlias,
  MAX_ALIAS_LENGTH,
  nextVersion,
} from "../../../lib/registry/alias_rules.ts";

function refusal(alias: string): UsageError {
  try {
    checkAlias(alias);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(alias)} is an alias`);
}

function isAlias(alias: string): boolean {
  try {
    checkAlias(alias);
    return true;
  } catch {
    return false;
  }
}

Deno.test("AL4, AL60, AL61, AL64 letters, digits, dash and underscore, 1 to 64 of them", () => {
  const good = ["a", "7", "mouse-v2", "Mouse_V2", "a--b", "a".repeat(64), "dead", "a3f5e8c"];
  for (const alias of good) checkAlias(alias);
});

Deno.test("AL62, AL63 nothing and blanks are refused", () => {
  for (const alias of ["", " ", "\t\n"]) assert.match(refusal(alias).message, /must not be empty/);
});

Deno.test("AL61, AL71 a longer one is refused, with its length", () => {
  const { message, exitCode } = refusal("a".repeat(65));
  assert.equal(message, "Alias must have at most 64 characters: this one has 65");
  assert.equal(exitCode, 2);
});

Deno.test("AL13-AL15, AL65, AL66, AL72 other characters are refused, with a cleaned version", () => {
  const cases = [
    ["Prod v1!", "Prod-v1"],
    ["mouse.v2", "mousev2"],
    ["maus/läufe", "mauslufe"],
    ["mouse-v2\n", "mouse-v2"],
    ["a  b", "a-b"],
  ];
  for (const [alias = "", cleaned] of cases) {
    const { message, hint } = refusal(alias);
    assert.equal(
      message,
      "Alias must contain only letters, numbers, dashes, and underscores: " +
        `${JSON.stringify(alias)} does not`,
    );
    assert.equal(hint, `"${cleaned}" would do.`);
  }
  assert.doesNotMatch(refusal("!!").hint ?? "", /would do/);
  assert.doesNotMatch(refusal("a3f5e8c9!").hint ?? "", /would do/, "that would be an ID");
});

Deno.test("AL67 a dash or underscore at an end is refused", () => {
  for (const alias of ["-lead", "lead-", "_lead", "lead_"]) {
    const { message, hint } = refusal(alias);
    assert.match(message, /must begin and end with a letter or number/);
    assert.equal(hint, '"lead" would do.');
  }
});

Deno.test("AL69 reserved words are refused in any case", () => {
  for (const alias of ["all", "Latest", "NONE", "null"]) {
    assert.match(refusal(alias).message, /the word is reserved/);
  }
});

Deno.test("AL70, C13 what looks like an ID is refused, with its collision suffix, too", () => {
  for (const alias of ["a3f5e8c9", "A3F5E8C9", "a3f5e8c9-2", "12345678-10"]) {
    assert.match(refusal(alias).message, /must not look like a model ID/);
  }
});

Deno.test("cleanAlias() gives an alias or nothing, and leaves an alias as it is", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
    const cleaned = cleanAlias(text);
    if (cleaned !== null) checkAlias(cleaned);
    if (isAlias(text)) assert.equal(cleaned, text);
  }));
});

Deno.test("C9 nextVersion() counts the version up, past those that are taken", () => {
  const taken = new Set(["mouse", "mouse-v2", "mouse-v3"]);
  const isTaken = (alias: string) => taken.has(alias);
  assert.equal(nextVersion("mouse", isTaken), "mouse-v4");
  assert.equal(nextVersion("mouse-v1", isTaken), "mouse-v4");
  assert.equal(nextVersion("rat-v7", isTaken), "rat-v8");
});

Deno.test("nextVersion() of any alias is an alias that is free", () => {
  const anAlias = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).filter(isAlias);
  fc.assert(fc.property(anAlias, fc.nat(3), (alias, takenVersions) => {
    const taken = new Set([alias]);
    for (let n = 0; n < takenVersions; n++) taken.add(nextVersion(alias, (one) => taken.has(one)));
    const next = nextVersion(alias, (one) => taken.has(one));
    checkAlias(next);
    assert.ok(!taken.has(next) && next.length <= MAX_ALIAS_LENGTH);
  }));
});
