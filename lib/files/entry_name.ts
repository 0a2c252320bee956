/**
 * Names of files that come from elsewhere: archives, peers.
 *
 * @module
 */

const MAX_NAME_BYTES = 1024;
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/**
 * What makes a relative path with `/` unsafe to use on any platform: absolute, `..`, backslashes,
 * drive letters, control characters, Windows device names.
 *
 * @returns the problem in words, e.g. `an absolute name "/etc/passwd"`; null when it is safe
 */
export function checkEntryName(name: string): string | null {
  const shown = JSON.stringify(name.slice(0, 200));
  if (name === "") return "an empty name";
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) return `a name too long: ${shown}`;
  // deno-lint-ignore no-control-regex -- a name that would garble a terminal or end early
  if (/[\x00-\x1f\x7f]/.test(name)) return `a control character in its name ${shown}`;
  if (name.startsWith("/")) return `an absolute name ${shown}`;
  if (name.includes("\\")) return `a backslash in its name ${shown}`;
  if (name.includes(":")) return `a colon in its name ${shown}`;
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    return `a name that is not a plain path: ${shown}`;
  }
  return parts.some((part) => DEVICE_NAME.test(part)) ? `a device's name ${shown}` : null;
}
