/**
 * Make plain data unchangeable, however deep: a write to any part of it throws from then on.
 *
 * What is frozen already is taken to be frozen all through.
 *
 * @param data as JSON gives it
 * @returns the same object
 */
export function deepFreeze<T extends object>(data: T): T {
  const pending: object[] = [data];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (Object.isFrozen(part)) continue;
    Object.freeze(part);
    for (const value of Object.values(part)) {
      if (typeof value === "object" && value !== null) pending.push(value);
    }
  }
  return data;
}
