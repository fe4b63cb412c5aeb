import { expect, test } from "bun:test";
import type { CoreConnection } from "./connection.ts";
import { createSparePool, type Spare } from "./spares.ts";

const signal = new AbortController().signal;

function setup(base: number, fail: () => boolean = () => false) {
  let made = 0;
  const destroyed: string[] = [];
  const errors: unknown[] = [];
  const connections = new Map<string, { closed: boolean }>();
  const pool = createSparePool<Spare>({
    make: async () => {
      if (fail()) throw new Error("cannot");
      made += 1;
      const id = `s${made}`;
      const connection = { closed: false };
      connections.set(id, connection);
      return { id, connection: connection as unknown as CoreConnection };
    },
    destroy: (spare) => void destroyed.push(spare.id),
    base: () => base,
    onError: (_key, error) => void errors.push(error),
  });
  return { pool, destroyed, errors, connections, made: () => made };
}

test("claim() makes one when none is ready and fills up to the base afterwards", async () => {
  const { pool, made } = setup(2);
  expect((await pool.claim("a", signal)).id).toStartWith("s");
  while (pool.ready()["a"] !== 2) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(made()).toBe(3);
  await pool[Symbol.asyncDispose]();
});

test("claim() throws away a spare whose connection has closed", async () => {
  const { pool, connections, destroyed } = setup(1);
  pool.warm("a");
  while (pool.ready()["a"] !== 1) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const connection of connections.values()) connection.closed = true;
  const spare = await pool.claim("a", signal);
  expect(destroyed).toEqual(["s1"]);
  expect(spare.id).not.toBe("s1");
  await pool[Symbol.asyncDispose]();
});

test("claim() rejects with the reason when none can be made", async () => {
  const { pool } = setup(1, () => true);
  expect(pool.claim("a", signal)).rejects.toThrow("cannot");
});

test("dispose destroys what is ready and what is still being made", async () => {
  const { pool, destroyed, made } = setup(3);
  pool.warm("a");
  await pool[Symbol.asyncDispose]();
  expect(destroyed.length).toBe(made());
});
