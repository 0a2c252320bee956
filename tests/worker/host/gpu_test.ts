import assert from "node:assert/strict";
import { join } from "node:path";
import { type Gpu, gpuInfo, gpuModel } from "../../../worker/host/gpu.ts";

const LINUX = { os: "linux", arch: "x86_64" } as const;
const MAC = { os: "darwin", arch: "aarch64" } as const;

const A100: Gpu = { name: "NVIDIA A100", memoryMib: 40960 };

Deno.test("gpuInfo() reads the names and memory that nvidia-smi prints", async () => {
  const gpus = await gpusFrom("nvidia-smi", [
    'test "$*" = "--query-gpu=name,memory.total --format=csv,noheader,nounits" || exit 2',
    'echo "NVIDIA A100-SXM4-80GB, 81920"',
    'echo "NVIDIA GB10, [N/A]"',
  ]);
  assert.deepEqual(gpus, [
    { name: "NVIDIA A100-SXM4-80GB", memoryMib: 81920 },
    { name: "NVIDIA GB10", memoryMib: null },
  ]);
});

Deno.test("gpuInfo() finds none where nvidia-smi is missing", async () => {
  assert.deepEqual(await gpuInfo({ env: { PATH: "/no/such/folder" }, platform: LINUX }), []);
});

Deno.test("gpuInfo() finds none where nvidia-smi fails, whatever it prints", async () => {
  const failure = 'echo "NVIDIA-SMI has failed because it could not talk to the driver, 9"; exit 9';
  assert.deepEqual(await gpusFrom("nvidia-smi", [failure]), []);
  assert.deepEqual(await gpusFrom("nvidia-smi", ['echo "No devices were found"']), []);
});

Deno.test("gpuInfo() names the chip of a Mac with Apple silicon", async () => {
  assert.deepEqual(await gpusFrom("sysctl", ['echo "Apple M3 Max"'], MAC), [
    { name: "Apple M3 Max", memoryMib: null },
  ]);
  assert.deepEqual(await gpusFrom("sysctl", ['echo "Intel"'], { ...MAC, arch: "x86_64" }), []);
});

Deno.test("gpuModel() counts the cards of a kind, and calls none CPU", () => {
  assert.equal(gpuModel([]), "CPU");
  assert.equal(gpuModel([A100]), "NVIDIA A100");
  assert.equal(gpuModel([A100, A100]), "NVIDIA A100 (x2)");
  assert.equal(gpuModel([A100, { ...A100, name: "Tesla T4" }, A100]), "NVIDIA A100 (x2), Tesla T4");
});

async function gpusFrom(
  tool: string,
  commands: string[],
  platform: Pick<typeof Deno.build, "os" | "arch"> = LINUX,
): Promise<Gpu[]> {
  const folder = await Deno.makeTempDir();
  try {
    const script = `#!/bin/sh\n${commands.join("\n")}\n`;
    await Deno.writeTextFile(join(folder, tool), script, { mode: 0o755 });
    return await gpuInfo({ env: { PATH: folder }, platform });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
