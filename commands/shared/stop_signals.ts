/**
 * Wait until the user or the system asks this process to end. A second request ends it at once.
 *
 * @returns the signal
 */
export async function untilStopped(): Promise<Deno.Signal> {
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  const listeners = signals.map((signal) => ({ signal, listen: () => resolve(signal) }));
  for (const { signal, listen } of listeners) Deno.addSignalListener(signal, listen);
  const stopped = await promise;
  for (const { signal, listen } of listeners) Deno.removeSignalListener(signal, listen);
  return stopped;
}
