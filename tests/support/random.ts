/** A small seeded generator (mulberry32), so that a failing run can be repeated: `HYPERBOX_TEST_SEED=n npm test`. */
export type Random = { seed: number; below(limit: number): number; bytes(length: number): Buffer };

export function createRandom(name: string, fallback: number): Random {
  const seed = Number(process.env["HYPERBOX_TEST_SEED"] ?? fallback);
  console.log(`${name}: seed ${seed}`);
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return { seed, below, bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))) };
}
