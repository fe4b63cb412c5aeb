/** The network against docker's, in a lab of namespaces: the machine's own network is not touched. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { apart } from "../tests/support/connectivity/apart.ts";
import { networkTools } from "./network-tools.ts";

export async function network(): Promise<void> {
  const tools = networkTools();
  if (typeof tools === "string") return console.log(`left out: ${tools}`);
  const lab = join(import.meta.dirname, "network-lab.ts");
  const child = spawn("unshare", [...apart, process.execPath, lab, ...process.argv.slice(3)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`the lab ended with ${code}`);
}
