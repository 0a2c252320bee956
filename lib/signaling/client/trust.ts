/**
 * Certificates that are trusted beyond the system's: of a lab's own authority, or a self-signed one.
 *
 * @module
 */
import { NotFoundError } from "../../errors.ts";

const VARIABLE = "SLEAP_RTC_CA";

/**
 * An HTTP client that also trusts the certificates in the PEM file `SLEAP_RTC_CA`; null where it is
 * not set. The caller closes it.
 *
 * @throws {NotFoundError} when the file cannot be read
 */
export async function trustingClient(): Promise<Deno.HttpClient | null> {
  const path = Deno.env.get(VARIABLE);
  if (!path) return null;
  try {
    return Deno.createHttpClient({ caCerts: [await Deno.readTextFile(path)] });
  } catch (error) {
    throw new NotFoundError(`Cannot read certificates from "${path}"`, {
      hint: `Name a PEM file in ${VARIABLE}, or unset it.`,
      cause: error,
    });
  }
}
