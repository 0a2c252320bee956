import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../lib/errors.ts";
import { formatJoinLink, newRoomSecret, parseJoinLink } from "../../../lib/signaling/join_link.ts";

const LINK = { server: "https://lab.example:8443", code: "a".repeat(22), secret: newRoomSecret() };
const TEXT = formatJoinLink(LINK);

Deno.test("a join link is server, code and secret, and is read again", () => {
  assert.match(TEXT, /^https:\/\/lab\.example:8443\/join\/a{22}[\w-]{6}#[\w-]{43}$/);
  assert.deepEqual(parseJoinLink(TEXT), LINK);
  for (const text of [` ${TEXT}\n`, `"${TEXT}"`, `<${TEXT}>`]) {
    assert.deepEqual(parseJoinLink(text), LINK);
  }
});

Deno.test("a join link may lead through a proxy's folder", () => {
  const link = { ...LINK, server: "https://lab.example/rtc" };
  assert.deepEqual(parseJoinLink(formatJoinLink(link)), link);
});

Deno.test("a typo anywhere in code or secret is seen, and the link not repeated", () => {
  const start = TEXT.indexOf("/join/") + "/join/".length;
  fc.assert(fc.property(
    fc.integer({ min: start, max: TEXT.length - 1 }),
    fc.constantFrom(..."abcXYZ019-_"),
    (at, character) => {
      fc.pre(TEXT[at] !== character && TEXT[at] !== "#");
      const typo = TEXT.slice(0, at) + character + TEXT.slice(at + 1);
      assert.throws(() => parseJoinLink(typo), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.ok(!error.message.includes(LINK.secret.slice(0, 8)));
        return true;
      });
    },
  ));
});

Deno.test("what is no join link is refused with a hint", () => {
  const faults: [text: string, message: RegExp][] = [
    ["", /not a join link/],
    ["ftp://lab.example/join/x#y", /not a join link/],
    ["not a link", /not a join link/],
    [TEXT.slice(0, TEXT.indexOf("#")), /no secret/],
    [TEXT.slice(0, -5), /typo, or a part of it is missing/],
    [TEXT.replace("/join/", "/jion/"), /not a whole join link/],
  ];
  for (const [text, message] of faults) {
    assert.throws(() => parseJoinLink(text), (error: Error) => {
      assert.match(error.message, message);
      return error instanceof UsageError && error.hint !== undefined;
    });
  }
});
