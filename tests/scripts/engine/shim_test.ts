import assert from "node:assert/strict";
import { join } from "node:path";
import { runProgram } from "../../../lib/run_program.ts";

const SHIM = new URL("../../../scripts/engine/torchvision_shim.py", import.meta.url);

/** Stands in for torch: prints what is declared. */
const TORCH = `
class version:
    cuda = CUDA
    hip = None

class library:
    class Library:
        def __init__(self, *what):
            print("library", *what)

        def define(self, schema):
            print(schema)
`;

const SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor";

Deno.test("shim: declares nms and qnms at the first import of torchvision, once", async () => {
  assert.deepEqual(await python("import torchvision; import torchvision.ops", "None"), [
    "library torchvision DEF",
    `nms${SCHEMA}`,
    `qnms${SCHEMA}`,
  ]);
});

Deno.test("shim: declares nothing beside a torch with CUDA", async () => {
  assert.deepEqual(await python("import torchvision", "'13.0'"), []);
});

Deno.test("shim: does not import torch before torchvision is imported", async () => {
  assert.deepEqual(await python("import sys, json; print('torch' in sys.modules)", "None"), [
    "False",
  ]);
});

/** The lines that a Python with the shim prints when it runs `program`. */
async function python(program: string, cuda: string): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "torchvision"));
    await Deno.writeTextFile(join(folder, "torchvision", "__init__.py"), "");
    await Deno.writeTextFile(join(folder, "torchvision", "ops.py"), "");
    await Deno.writeTextFile(join(folder, "torch.py"), TORCH.replace("CUDA", cuda));
    await Deno.copyFile(SHIM, join(folder, "shim.py"));
    const env = { PATH: Deno.env.get("PATH") ?? "", PYTHONPATH: folder };
    const result = await runProgram("python3", ["-c", `import shim\n${program}`], { env });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout.split("\n").filter((line) => line !== "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
