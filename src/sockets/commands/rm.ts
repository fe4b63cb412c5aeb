import { anyNumber, type Verb } from "../../cli/verb.ts";

export const socketRemove: Verb = {
  name: "socket rm",
  summary: "Remove filtered sockets; their containers stay",
  usage: "NAME [NAME...]",
  args: { min: 1, max: anyNumber },
  flags: [],
  async run(session, names) {
    for (const name of names) {
      await session.client.text("DELETE", `/hbx/v1/sockets/${encodeURIComponent(name)}`);
      session.out.line(name);
    }
    return 0;
  },
};
