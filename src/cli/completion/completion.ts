/** `hbx completion SHELL`: a small script that asks `hbx __complete` what could stand where the cursor is. */
import type { Verb } from "../verb.ts";
import { bashScript, fishScript, zshScript } from "./scripts.ts";

const scripts: Readonly<Record<string, string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

export const completion: Verb = {
  name: "completion",
  summary: "Print the completion script for a shell: bash, zsh, fish",
  usage: "bash|zsh|fish",
  args: { min: 1, max: 1 },
  flags: [],
  examples: ["source <(hbx completion bash)", "hbx completion fish > ~/.config/fish/completions/hbx.fish"],
  async run(session, [shell = ""]) {
    const script = scripts[shell];
    if (script === undefined) {
      const { Failure } = await import("../failure.ts");
      throw new Failure(`Cannot complete for ${shell}: only bash, zsh and fish are known`);
    }
    void session.out.write(script);
    return 0;
  },
};
