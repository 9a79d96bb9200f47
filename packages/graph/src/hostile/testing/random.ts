/** Numbers below a limit, the same ones for the same seed. */
export type Random = (limit: number) => number;

/** Source: mulberry32, T. Ettinger. */
export function randomBelow(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, limit);
  };
}

/** One of the items. */
export function pick<T>(items: readonly T[], random: Random): T {
  return items[random(items.length)]!;
}
