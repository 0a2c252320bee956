import { delimiter, join } from "node:path";

/**
 * A `PATH` of the same programs but one: a folder that holds it is replaced by a folder of links to
 * all others, as where Deno is installed in `/usr/bin`.
 *
 * @param program name of the executable that must not be found
 * @param folders absolute paths
 * @param links where folders of links are made
 */
export async function pathWithout(
  program: string,
  folders: readonly string[],
  links: string,
): Promise<string> {
  const path: string[] = [];
  for (const [index, folder] of folders.entries()) {
    const isHere = await Deno.stat(join(folder, program)).then(() => true, () => false);
    path.push(isHere ? await linkOthers(program, folder, join(links, String(index))) : folder);
  }
  return path.join(delimiter);
}

async function linkOthers(program: string, folder: string, links: string): Promise<string> {
  await Deno.remove(links, { recursive: true }).catch(() => {});
  await Deno.mkdir(links, { recursive: true });
  for await (const { name } of Deno.readDir(folder)) {
    if (name !== program) await Deno.symlink(join(folder, name), join(links, name));
  }
  return links;
}
