/**
 * How wide a text is on a terminal.
 *
 * @module
 */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** A text of at most `width` columns; what is longer ends in an ellipsis. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let short = "";
  let taken = 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    taken += displayWidth(segment);
    if (taken > width) break;
    short += segment;
  }
  return `${short}…`;
}

/** Columns that a text takes on a terminal: wide characters and emoji take two. */
export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += segmentWidth(segment);
  return width;
}

/** East Asian Wide and Fullwidth ranges (Unicode UAX 11), and what is drawn as an emoji. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u;
const NO_WIDTH = /^(?:\p{Mark}|\p{Control}|\p{Format})+$/u;

function segmentWidth(segment: string): number {
  if (NO_WIDTH.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}
