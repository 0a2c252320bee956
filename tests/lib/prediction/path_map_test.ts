import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../../../lib/errors.ts";
import { mapPath, parsePathMap, pathRules } from "../../../lib/prediction/path_map.ts";

Deno.test("parsePathMap() reads OLD=NEW and refuses all else", () => {
  assert.deepEqual(parsePathMap(["/home/me=/data", "C:\\v=/data=b"]), {
    "/home/me": "/data",
    "C:\\v": "/data=b",
  });
  for (const value of ["", "=", "/home/me", "/home/me=", "=/data"]) {
    assert.throws(() => parsePathMap([value]), UsageError);
  }
});

Deno.test("mapPath() replaces whole parts of a path, the longest beginning first", () => {
  const map = { "/home/me": "/data", "/home/me/videos/": "/fast/", "C:\\lab": "/lab" };
  assert.equal(mapPath("/home/me/a.mp4", map), "/data/a.mp4");
  assert.equal(mapPath("/home/me/videos/a.mp4", map), "/fast/a.mp4");
  assert.equal(mapPath("/home/meadow/a.mp4", map), "/home/meadow/a.mp4");
  assert.equal(mapPath("C:\\lab\\a.mp4", map), "/lab/a.mp4");
  assert.equal(mapPath("/home/me/a.mp4", { "/home/me/a.mp4": "/b.mp4" }), "/b.mp4");
});

Deno.test("mapPath() changes nothing that no beginning fits", () => {
  fc.assert(fc.property(fc.string(), (path) => {
    assert.equal(mapPath(path, {}), path);
    assert.equal(mapPath(`/a/${path}`, { "/b": "/c" }), `/a/${path}`);
  }));
});

Deno.test("a path map that moves everything, is ambiguous, or leads to no whole path is refused", () => {
  const refused: Record<string, string>[] = [
    { "/v": "/a", "/v/": "/b" },
    { "C:\\v": "/a", "C:/v//": "/b" },
    { "/": "/a" },
    { "/v": "a" },
    { "/v": "http://127.0.0.1/a" },
    { "/v": "../a" },
  ];
  for (const map of refused) {
    assert.throws(() => pathRules(map), UsageError, JSON.stringify(map));
    assert.throws(() => mapPath("/v/clip.mp4", map), UsageError);
  }
  assert.throws(() => parsePathMap(["/v=/a", "/v/=/b"]), UsageError);
});

Deno.test("a name and what sleap-io makes of it are mapped to the same", () => {
  const map = { "/v/clip.mp4": "/one/clip.mp4", "/v": "/two" };
  for (const name of ["/v/clip.mp4", "/v//clip.mp4", "/v/./clip.mp4", "\\v\\clip.mp4"]) {
    assert.equal(mapPath(name, map), "/one/clip.mp4", name);
  }
});
