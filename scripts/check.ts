/** `npm run check`: types, lint, layering and file sizes, all at once; prints every complaint, not only the first. */
import { spawn } from "node:child_process";
import { checkLayers } from "./layers.ts";
import { checkSizes } from "./sizes.ts";

type Result = { name: string; complaints: string[] };

const started = performance.now();

function run(name: string, command: string, args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
    child.on("error", (error) => resolve({ name, complaints: [error.message] }));
    child.on("close", (code) => resolve({ name, complaints: code === 0 ? [] : [output.trim()] }));
  });
}

const results = await Promise.all([
  run("types", "node_modules/.bin/tsc", ["-p", ".", "--noEmit"]),
  run("lint", "node_modules/.bin/biome", ["check", "--error-on-warnings", "--max-diagnostics=50"]),
  run("rust format", "cargo", ["fmt", "--manifest-path", "native/Cargo.toml", "--all", "--check"]),
  { name: "layers", complaints: checkLayers() },
  { name: "sizes", complaints: checkSizes() },
]);
for (const { name, complaints } of results) {
  console.log(`${complaints.length === 0 ? "ok  " : "FAIL"} ${name}`);
  for (const complaint of complaints) console.log(complaint);
}
console.log(`checked in ${((performance.now() - started) / 1000).toFixed(1)} s`);
process.exitCode = results.some(({ complaints }) => complaints.length > 0) ? 1 : 0;
