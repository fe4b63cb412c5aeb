/** `npm run bench -- NAME …`: each benchmark is a file of that name; `all` runs those that end within minutes. */
import { loadavg } from "node:os";

const benches: Record<string, () => Promise<void>> = {
  start: async () => (await import("./start.ts")).start(),
  socket: async () => (await import("./socket.ts")).socket(),
  exec: async () => (await import("./exec.ts")).exec(),
  rate: async () => (await import("./rate.ts")).rate(),
  idle: async () => (await import("./idle.ts")).idle(),
  memory: async () => (await import("./memory.ts")).memory(),
  density: async () => (await import("./density.ts")).density(),
  throughput: async () => (await import("./throughput.ts")).throughput(),
  unpack: async () => (await import("./unpack.ts")).unpack(),
  chunk: async () => (await import("./chunk.ts")).chunk(),
  layers: async () => (await import("./layers.ts")).layers(),
  disk: async () => (await import("./disk.ts")).disk(),
  pull: async () => (await import("./pull.ts")).pull(),
  api: async () => (await import("./api.ts")).api(),
  network: async () => (await import("./network.ts")).network(),
  soak: async () => (await import("./soak.ts")).soak(),
};

const wanted = process.argv.slice(2);
const names = wanted.includes("all") ? Object.keys(benches).filter((name) => name !== "soak") : wanted;
const unknown = names.filter((name) => !(name in benches));
if (names.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`bench: there is no benchmark ${unknown.join(", ")}`);
  console.error(`usage: npm run bench -- ${Object.keys(benches).join("|")}|all`);
  process.exit(2);
}
if ((loadavg()[0] ?? 0) > 1.5)
  console.log(`bench: the machine is busy (load ${loadavg()[0]?.toFixed(1)}): believe the ratios, not the times`);
for (const name of names) await benches[name]?.();
process.exit(0);
