/** Imports point one way (docs/architecture.md). */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Relative imports of a source file, as paths from the project's root. */
function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) =>
    relative(ROOT, join(dirname(path), specifier))
  );
}

async function* sourceFiles(folder: string): AsyncGenerator<{ path: string; text: string }> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    if (isDirectory) yield* sourceFiles(join(folder, name));
    else if (name.endsWith(".ts")) {
      const path = join(ROOT, folder, name);
      yield { path, text: await Deno.readTextFile(path) };
    }
  }
}

async function assertNoImport(folder: string, forbidden: RegExp): Promise<void> {
  for await (const { path, text } of sourceFiles(folder)) {
    for (const imported of importsOf(path, text)) {
      assert.ok(!forbidden.test(imported), `${relative(ROOT, path)} imports ${imported}`);
    }
  }
}

Deno.test("lib imports neither worker nor commands", async () => {
  await assertNoImport("lib", /^(?:worker|commands|scripts|tests)\//);
});

Deno.test("worker imports neither commands nor what they call", async () => {
  await assertNoImport("worker", /^(?:commands|scripts|tests|lib\/client)\//);
});

Deno.test("commands, scripts and bench import no tests", async () => {
  for (const folder of ["commands", "scripts", "bench"]) await assertNoImport(folder, /^tests\//);
});

Deno.test("only lib/client imports lib/client, among lib", async () => {
  for await (const { path, text } of sourceFiles("lib")) {
    const from = relative(ROOT, path);
    if (from.startsWith("lib/client/")) continue;
    for (const imported of importsOf(path, text)) {
      assert.ok(!imported.startsWith("lib/client/"), `${from} imports ${imported}`);
    }
  }
});

Deno.test("lib/protocol does no I/O", async () => {
  await assertNoImport("lib/protocol", /^(?!lib\/protocol\/)/);
  for await (const { path, text } of sourceFiles("lib/protocol")) {
    assert.ok(!/\bDeno\.|from "node:/.test(text), `${relative(ROOT, path)} does I/O`);
  }
});

Deno.test("only lib/sleap_nn and its users in worker, lib/training and lib/prediction know it", async () => {
  for await (const { path, text } of sourceFiles("lib")) {
    const from = relative(ROOT, path);
    if (/^lib\/(?:sleap_nn|training|prediction|registry\/model_id\.ts)/.test(from)) continue;
    for (const imported of importsOf(path, text)) {
      assert.ok(!imported.startsWith("lib/sleap_nn/"), `${from} imports ${imported}`);
    }
  }
});

Deno.test("only lib/signaling/accounts knows SQL, only lib/signaling/server knows hono", async () => {
  for (const folder of ["lib", "worker", "commands"]) {
    for await (const { path, text } of sourceFiles(folder)) {
      const from = relative(ROOT, path);
      if (!/^lib\/signaling\/accounts(?:\.ts|\/)/.test(from)) {
        const knowsSql = /"node:sqlite"|\b(?:INSERT INTO|DELETE FROM|SELECT .* FROM|PRAGMA)\b/;
        assert.ok(!knowsSql.test(text), `${from} knows SQL`);
      }
      if (!/^lib\/signaling\/server(?:\.ts|\/)/.test(from)) {
        assert.ok(!/from "hono/.test(text), `${from} knows hono`);
      }
    }
  }
});

Deno.test("only lib/rtc imports werift, and only when a connection is made", async () => {
  for (const folder of ["lib", "worker", "commands"]) {
    for await (const { path, text } of sourceFiles(folder)) {
      const from = relative(ROOT, path);
      const imports = [...text.matchAll(/^.*"werift".*$/gm)].map(([line]) => line.trim());
      for (const line of imports) {
        assert.ok(from.startsWith("lib/rtc/"), `${from} imports werift`);
        assert.match(line, /^import type |await import\(/, `${from} loads werift at once`);
      }
    }
  }
});
