import type { Verb } from "../../cli/verb.ts";

export const imageBase: Verb = {
  name: "image base",
  summary: "Make the image hyperbox/base from this machine's busybox",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ name: "busybox", kind: "string", placeholder: "PATH", summary: "A static busybox (default /bin/busybox)" }],
  async run(session, _args, flags) {
    await session.client.text("POST", "/hbx/v1/images/base", { query: { busybox: flags.string("busybox") } });
    session.out.line("hyperbox/base:latest");
    return 0;
  },
};
