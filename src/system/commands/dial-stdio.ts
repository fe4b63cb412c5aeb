/** `docker -H ssh://HOST` runs this at the other end: standard input and output become a connection to the daemon. */
import { standardInput } from "../../cli/standard-input.ts";
import type { Verb } from "../../cli/verb.ts";
import { SocketStream } from "../../sdk/socket-stream.ts";

export const dialStdio: Verb = {
  name: "system dial-stdio",
  summary: "Pass standard input and output on to the daemon (what `docker -H ssh://` runs)",
  usage: "",
  args: { min: 0, max: 0 },
  flags: [],
  async run(session) {
    await session.client.text("GET", "/_ping"); // starts the daemon where it does not run
    const daemon = await SocketStream.open(session.endpoint.socketPath);
    void sendInput(daemon);
    for (;;) {
      const chunk = await daemon.read();
      if (chunk === null) return 0;
      await session.out.write(chunk);
    }
  },
};

/** The end of the input is the end of what the daemon gets; its answer may still be under way. */
async function sendInput(daemon: SocketStream): Promise<void> {
  for await (const chunk of standardInput()) await daemon.write(chunk);
  daemon.shutdown();
}
