/** What the doctor sees of the host. Reads files; the rules come from `nft`, which only it runs. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";

export type HostView = {
  /** A file, or null. */
  read(path: string): string | null;
  links(): string[];
  /** The ruleset as JSON and as a listing with handles; null where `nft` cannot be run. */
  rules(): Promise<{ json: string; listing: string } | null>;
};

const run = promisify(execFile);
const maxBuffer = 64 * 1024 * 1024;

export const systemHostView: HostView = {
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return null;
    }
  },
  links: () => readdirSync("/sys/class/net"),
  async rules() {
    const list = async (flag: string) => (await run("nft", [flag, "list", "ruleset"], { maxBuffer })).stdout;
    try {
      return { json: await list("--json"), listing: await list("--handle") };
    } catch {
      return null;
    }
  },
};
