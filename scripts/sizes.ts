/** No source file is longer than 400 lines; generated files and data aside. */
import { readFileSync } from "node:fs";
import { sources } from "./sources.ts";

const maxLines = 400;

export function checkSizes(): string[] {
  const complaints: string[] = [];
  for (const path of sources(/\.(ts|tsx|mjs|rs|sh)$/)) {
    if (path.includes(".generated.")) continue;
    const lines = readFileSync(path, "utf8").split("\n").length - 1;
    if (lines > maxLines)
      complaints.push(`${path}: ${lines} lines, ${maxLines} at the most: split it where a reader would want it`);
  }
  return complaints;
}
