/**
 * Installing `torchvision_shim.py` into a virtual environment.
 *
 * @module
 */
import { join } from "node:path";
import { SleapRtcError } from "../../lib/errors.ts";
import { runProgram } from "../../lib/run_program.ts";

const MODULE = "sleap_rtc_torchvision_shim";

/**
 * Make every Python of the environment declare torchvision's operators when it is first imported.
 *
 * @throws {SleapRtcError} when Python does not tell where its packages are
 */
export async function installShim(python: string, env: Record<string, string>): Promise<void> {
  const program = "import sysconfig; print(sysconfig.get_path('purelib'))";
  const { code, stdout, stderr } = await runProgram(python, ["-c", program], { env });
  if (code !== 0) throw new SleapRtcError(`Cannot ask "${python}" for its packages: ${stderr}`);
  const packages = stdout.trim();
  const source = new URL("torchvision_shim.py", import.meta.url);
  await Deno.copyFile(source, join(packages, `${MODULE}.py`));
  await Deno.writeTextFile(join(packages, `${MODULE}.pth`), `import ${MODULE}\n`);
}
