import assert from "node:assert/strict";
import { join } from "node:path";
import { installedVersion, pythonOf } from "../../../lib/sleap_nn/installation.ts";

Deno.test("pythonOf() reads the first line that pip writes", async () => {
  await inVenv(async ({ python, sleapNn }) => {
    await Deno.writeTextFile(sleapNn, `#!${python}\nimport sys\n`);
    assert.equal(await pythonOf(sleapNn), python);
  });
});

Deno.test("pythonOf() reads the form that pip writes for a path that is too long", async () => {
  await inVenv(async ({ python, sleapNn }) => {
    await Deno.writeTextFile(sleapNn, `#!/bin/sh\n'''exec' "${python}" "$0" "$@"\n' '''\n`);
    assert.equal(await pythonOf(sleapNn), python);
  });
});

Deno.test("pythonOf() follows the link that pipx puts on PATH", async () => {
  await inVenv(async ({ python, sleapNn, folder }) => {
    await Deno.writeTextFile(sleapNn, `#!${python}\nimport sys\n`);
    await Deno.symlink(sleapNn, join(folder, "sleap-nn"));
    assert.equal(await pythonOf(join(folder, "sleap-nn")), python);
  });
});

Deno.test("pythonOf() is null for a wrapper, a vanished Python and a missing file", async () => {
  await inVenv(async ({ python, folder }) => {
    const wrapper = join(folder, "wrapper");
    await Deno.writeTextFile(wrapper, '#!/bin/sh\nexec apptainer run sleap.sif "$@"\n');
    assert.equal(await pythonOf(wrapper), null);
    await Deno.writeTextFile(wrapper, `#!${python}-is-gone\n`);
    assert.equal(await pythonOf(wrapper), null);
    assert.equal(await pythonOf(join(folder, "absent")), null);
  });
});

Deno.test("installedVersion() reads the metadata, and is null without them", async () => {
  await inVenv(async ({ python, sleapNn, packages }) => {
    await Deno.writeTextFile(sleapNn, `#!${python}\nimport sys\n`);
    assert.equal(await installedVersion(sleapNn), null);
    await Deno.mkdir(join(packages, "sleap_nn-0.3.5.dist-info"));
    assert.equal(await installedVersion(sleapNn), "0.3.5");
  });
});

interface Venv {
  folder: string;
  python: string;
  sleapNn: string;
  packages: string;
}

/** The files of a virtual environment, without a Python that works. */
async function inVenv(test: (venv: Venv) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const bin = join(folder, "venv", "bin");
  const packages = join(folder, "venv", "lib", "python3.11", "site-packages");
  try {
    await Deno.mkdir(bin, { recursive: true });
    await Deno.mkdir(packages, { recursive: true });
    await Deno.writeTextFile(join(bin, "python3.11"), "");
    await Deno.symlink("python3.11", join(bin, "python"));
    await test({ folder, packages, python: join(bin, "python"), sleapNn: join(bin, "sleap-nn") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
