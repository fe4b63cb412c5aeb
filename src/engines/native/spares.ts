/**
 * The pool of places to run: each a shim and a holder, already inside fresh cgroups and a network namespace, so that
 * a start claims one in O(1). Pools are kept per kind of network, refilled shortly after a claim (not during it),
 * and shrink to their base when demand is over.
 */
import type { CoreConnection } from "./connection.ts";

export type Spare = {
  readonly id: string;
  readonly connection: CoreConnection;
};

export type SparePool<S extends Spare> = AsyncDisposable & {
  claim(key: string, signal: AbortSignal): Promise<S>;
  /** Starts filling `key` to its base, or to `atLeast`, now. */
  warm(key: string, atLeast?: number): void;
  /** Ends those of `key` that are ready or being made. */
  drain(key: string): Promise<void>;
  /** Ready ones per key, for `info`. */
  ready(): Record<string, number>;
};

export type SparePoolOptions<S extends Spare> = {
  make(key: string): Promise<S>;
  destroy(spare: S): void;
  /** How many of `key` are kept when nothing happens. */
  base(key: string): number;
  onError(key: string, error: unknown): void;
};

/** A refill waits this long after a claim: the container that was just started comes first. */
const refillDelayMs = 8;
/** Pools grown by demand shrink after this long without a claim; one without a base keeps a last spare for longer. */
const shrinkAfterMs = 5000;
const forgetAfterMs = 60_000;
/** Spares of pools without a base, together: however many networks there are. */
const maxOccasional = 24;
const maxSpares = 16;
const maxMakingAtOnce = 4;

type Waiter<S> = { resolve(spare: S): void; reject(error: unknown): void };
type Pool<S> = {
  ready: S[];
  /** Kept though the base is less. */
  floor: number;
  drained: number;
  work: Set<Promise<void>>;
  making: number;
  waiters: Waiter<S>[];
  recent: number;
  timer: Timer | null;
  shrink: Timer | null;
};

export function createSparePool<S extends Spare>({ make, destroy, base, onError }: SparePoolOptions<S>): SparePool<S> {
  const pools = new Map<string, Pool<S>>();
  const pending = new Set<Promise<void>>();
  let closed = false;

  const poolOf = (key: string): Pool<S> => {
    let pool = pools.get(key);
    if (!pool) {
      pool = {
        ready: [],
        floor: 0,
        drained: 0,
        work: new Set(),
        making: 0,
        waiters: [],
        recent: 0,
        timer: null,
        shrink: null,
      };
      pools.set(key, pool);
    }
    return pool;
  };

  const occasional = (): number =>
    [...pools].reduce((sum, [key, pool]) => sum + (base(key) === 0 ? pool.ready.length + pool.making : 0), 0);
  const wanted = (key: string, pool: Pool<S>): number => {
    const kept = Math.min(maxSpares, Math.max(base(key), pool.floor, Math.ceil(pool.recent / 2)));
    const full = base(key) === 0 && occasional() >= maxOccasional;
    return (full ? 0 : kept) + pool.waiters.length;
  };

  const makeOne = async (key: string, pool: Pool<S>): Promise<void> => {
    pool.making += 1;
    const { drained } = pool;
    try {
      const spare = await make(key);
      if (closed || (drained !== pool.drained && pool.waiters.length === 0)) destroy(spare);
      else {
        const waiter = pool.waiters.shift();
        if (waiter) waiter.resolve(spare);
        else pool.ready.push(spare);
      }
    } catch (error) {
      const waiter = pool.waiters.shift();
      if (waiter) waiter.reject(error);
      else onError(key, error);
      pool.recent = 0; // no refill storm against a host that can't
    } finally {
      pool.making -= 1;
    }
    if (pool.waiters.length > 0) fill(key, pool);
  };

  const fill = (key: string, pool: Pool<S>): void => {
    while (!closed && pool.making < maxMakingAtOnce && pool.ready.length + pool.making < wanted(key, pool)) {
      const work = makeOne(key, pool);
      pending.add(work);
      pool.work.add(work);
      void work.finally(() => {
        pending.delete(work);
        pool.work.delete(work);
      });
    }
  };

  const refillSoon = (key: string, pool: Pool<S>): void => {
    pool.timer ??= setTimeout(() => {
      pool.timer = null;
      fill(key, pool);
    }, refillDelayMs);
  };

  const shrinkLater = (key: string, pool: Pool<S>): void => {
    if (pool.shrink && base(key) > 0) return void pool.shrink.refresh();
    if (pool.shrink) clearTimeout(pool.shrink);
    pool.floor = base(key) === 0 ? 1 : 0;
    pool.shrink = setTimeout(() => {
      pool.recent = 0;
      for (const spare of pool.ready.splice(Math.max(base(key), pool.floor))) destroy(spare);
      pool.shrink = pool.floor === 0 ? null : setTimeout(() => void drain(key), forgetAfterMs);
      pool.shrink?.unref();
    }, shrinkAfterMs);
    pool.shrink.unref();
  };

  const drain = async (key: string): Promise<void> => {
    const pool = pools.get(key);
    if (!pool) return;
    if (pool.timer) clearTimeout(pool.timer);
    if (pool.shrink) clearTimeout(pool.shrink);
    Object.assign(pool, { timer: null, shrink: null, recent: 0, floor: 0 });
    pool.drained += 1;
    for (const spare of pool.ready.splice(0)) destroy(spare);
    await Promise.allSettled(pool.work);
    if (pool.ready.length + pool.making + pool.waiters.length === 0 && base(key) === 0) pools.delete(key);
    else if (base(key) > 0) fill(key, pool);
  };

  return {
    async claim(key, signal) {
      signal.throwIfAborted();
      const pool = poolOf(key);
      pool.recent = Math.min(maxSpares * 2, pool.recent + 1);
      shrinkLater(key, pool);
      for (;;) {
        const spare = pool.ready.shift();
        if (!spare) break;
        refillSoon(key, pool);
        if (!spare.connection.closed) return spare;
        destroy(spare);
      }
      const { promise, resolve, reject } = Promise.withResolvers<S>();
      pool.waiters.push({ resolve, reject });
      fill(key, pool);
      return promise;
    },
    warm(key, atLeast = 0) {
      const pool = poolOf(key);
      if (base(key) < atLeast) shrinkLater(key, pool);
      fill(key, pool);
    },
    drain,
    ready: () => Object.fromEntries([...pools].map(([key, pool]) => [key, pool.ready.length])),
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const pool of pools.values()) {
        if (pool.timer) clearTimeout(pool.timer);
        if (pool.shrink) clearTimeout(pool.shrink);
        for (const spare of pool.ready.splice(0)) destroy(spare);
      }
      await Promise.allSettled(pending);
    },
  };
}
