/** The source files that the checks look at. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

export function sources(pattern: RegExp): string[] {
  const out = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  return out.split("\n").filter((path) => pattern.test(path) && existsSync(path));
}
