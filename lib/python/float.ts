/**
 * Floats as Python prints them.
 *
 * @module
 */

/**
 * Python's `repr` of a float: the shortest digits that read back to the same value, an exponent of
 * at least two digits below 1e-4 and from 1e16, else at least one decimal.
 *
 * ```ts
 * console.assert(reprFloat(100) === "100.0");
 * console.assert(reprFloat(0.00001) === "1e-05");
 * ```
 */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "0", exponentText = "0"] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(exponentText);
  return sign +
    (exponent < -4 || exponent >= 16
      ? withExponent(digits, exponent)
      : positional(digits, exponent));
}

function withExponent(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
}

function positional(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${whole}.${digits.slice(exponent + 1) || "0"}`;
}
