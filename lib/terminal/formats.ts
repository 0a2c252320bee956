/**
 * Numbers and times as people read them.
 *
 * @module
 */

/** A duration in seconds as `8 s`, `2 min 05 s`, `3 h 07 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** A place in a row, from 1, as `1st`, `2nd`, `11th`. */
export function ordinal(place: number): string {
  const isTeen = place % 100 >= 11 && place % 100 <= 13;
  const ending = isTeen ? undefined : ["st", "nd", "rd"][place % 10 - 1];
  return `${place}${ending ?? "th"}`;
}

/** A loss with four significant digits, `-` where there is none. */
export function formatLoss(loss: unknown): string {
  if (typeof loss !== "number") return "-";
  if (loss === 0) return "0";
  return Math.abs(loss) < 0.001 ? loss.toExponential(3) : loss.toPrecision(4);
}

/** An ISO 8601 time as local `2026-11-24 09:05`; `-` where there is none. */
export function formatTime(time: unknown): string {
  const date = new Date(typeof time === "string" ? time : NaN);
  if (Number.isNaN(date.getTime())) return "-";
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join("-");
  return `${day} ${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

/** A size in bytes as `512 B`, `1.4 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
