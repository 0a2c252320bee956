import assert from "node:assert/strict";
import { join } from "node:path";
import { findPython } from "../../../scripts/engine/python.ts";

Deno.test("findPython() takes the newest that sleap-nn supports", async () => {
  await withPythons({ "python3.12": [3, 12], "python3": [3, 14] }, async (env, folder) => {
    assert.deepEqual(await findPython(env), { path: join(folder, "python3.12"), version: "3.12" });
  });
});

Deno.test("findPython() passes over a name that does not start", async () => {
  await withPythons({ "python3": [3, 11] }, async (env, folder) => {
    const shim = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n";
    await Deno.writeTextFile(join(folder, "python3.13"), shim, { mode: 0o755 });
    assert.equal((await findPython(env)).version, "3.11");
  });
});

Deno.test("findPython() says which ones it found and refused", async () => {
  const pythons = { "python3.11": [3, 11, false], "python3": [3, 14] } as const;
  await withPythons(pythons, async (env) => {
    await assert.rejects(findPython(env), {
      exitCode: 1,
      message: "No Python 3.11 to 3.13 to install sleap-nn with " +
        "(found: python3.11 has no venv module, python3 is 3.14)",
      hint: "Install one with its venv module, e.g. `apt install python3 python3-venv`.",
    });
  });
  await withPythons({}, async (env) => {
    await assert.rejects(findPython(env), { message: /\(found none\)$/ });
  });
});

/** Stand-ins for Python, by name: major and minor version, and whether it has venv. */
async function withPythons(
  pythons: Record<string, readonly [number, number, boolean?]>,
  test: (env: Record<string, string>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, [major, minor, hasVenv = true]] of Object.entries(pythons)) {
      const path = join(folder, name);
      const answer = JSON.stringify([major, minor, path, hasVenv]);
      await Deno.writeTextFile(path, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    }
    await test({ PATH: folder }, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
