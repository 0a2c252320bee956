/**
 * Can the terminal show more than ASCII? By the locale, as POSIX says: the first of `LC_ALL`,
 * `LC_CTYPE`, `LANG` that is set. Windows has no such variables, and its terminals can.
 *
 * @param get value of an environment variable
 */
export function isUtf8Locale(
  get: (name: string) => string | undefined = (name) => Deno.env.get(name),
): boolean {
  const locale = get("LC_ALL") || get("LC_CTYPE") || get("LANG");
  return locale === undefined || locale === ""
    ? Deno.build.os === "windows"
    : /utf-?8/i.test(locale);
}
