/** Do something in a temporary folder, given by its real path, and remove it. */
export async function withFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "sleap-rtc-test-" }));
  try {
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
