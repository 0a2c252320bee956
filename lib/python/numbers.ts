/**
 * Limits that Python sets to numbers.
 *
 * @module
 */

/** Digits of the longest int that Python converts from or to text (`sys.int_info`). */
const MAX_INT_DIGITS = 4300;

/**
 * An int from decimal digits or from a JavaScript literal such as `0x1f`.
 *
 * @throws {RangeError} when Python would refuse its length
 * @throws {SyntaxError} when it is not a number
 */
export function pyInt(literal: string): bigint {
  if (literal.length > MAX_INT_DIGITS) {
    throw new RangeError(`an integer has more than ${MAX_INT_DIGITS} digits`);
  }
  return BigInt(literal);
}
