/** Every verb of a container in every state it can be in. */
import type { Case, Fixture } from "./case.ts";

const states: readonly Fixture[] = ["created", "running", "paused", "exited"];

type Verb = readonly [method: string, path: string, body?: unknown];

const verbs: readonly Verb[] = [
  ["POST", "/containers/{it}/start"],
  ["POST", "/containers/{it}/stop?t=1"],
  ["POST", "/containers/{it}/restart?t=1"],
  ["POST", "/containers/{it}/kill"],
  ["POST", "/containers/{it}/kill?signal=SIGUSR9"],
  ["POST", "/containers/{it}/kill?signal=0"],
  ["POST", "/containers/{it}/pause"],
  ["POST", "/containers/{it}/unpause"],
  ["POST", "/containers/{it}/rename?name=case-renamed"],
  ["POST", "/containers/{it}/rename?name="],
  ["POST", "/containers/{it}/rename?name=!"],
  ["POST", "/containers/{it}/update", { Memory: 67108864, MemorySwap: 67108864 }],
  ["POST", "/containers/{it}/update", { Memory: 1024 }],
  ["POST", "/containers/{it}/update", { RestartPolicy: { Name: "sometimes" } }],
  ["POST", "/containers/{it}/resize?h=20&w=70"],
  ["POST", "/containers/{it}/resize?h=x&w=70"],
  ["POST", "/containers/{it}/exec", { Cmd: ["true"] }],
  ["POST", "/containers/{it}/exec", { Cmd: [] }],
  ["POST", "/containers/{it}/exec", {}],
  ["POST", "/containers/{it}/wait?condition=not-running-ever"],
  ["DELETE", "/containers/{it}"],
  ["DELETE", "/containers/{it}?force=1"],
  ["DELETE", "/containers/{it}?link=1"],
  ["GET", "/containers/{it}/json"],
  ["GET", "/containers/{it}/json?size=1"],
  ["GET", "/containers/{it}/top"],
  ["GET", "/containers/{it}/top?ps_args=-o%20nothing"],
  ["GET", "/containers/{it}/changes"],
  ["GET", "/containers/{it}/stats?stream=0&one-shot=1"],
  ["GET", "/containers/{it}/logs"],
  ["GET", "/containers/{it}/logs?stdout=1&tail=x"],
  ["GET", "/containers/{it}/logs?stdout=1&since=x"],
  ["GET", "/containers/{it}/archive"],
  ["GET", "/containers/{it}/archive?path=/nothing"],
  ["HEAD", "/containers/{it}/archive?path=/etc/passwd"],
  ["HEAD", "/containers/{it}/archive?path=/nothing"],
  ["PUT", "/containers/{it}/archive?path=/nothing", ""],
  ["PUT", "/containers/{it}/archive?path=/etc/passwd", ""],
  ["POST", "/commit?container={it}"],
  ["POST", "/commit?container={it}&repo=UPPER"],
];

export const stateCases: readonly Case[] = states.flatMap((fixture) =>
  verbs.map(([method, path, body]) => {
    const said = body === undefined || body === "" ? "" : ` ${JSON.stringify(body)}`;
    return {
      title: `${method} ${path}${said}: ${fixture}`,
      fixture,
      method,
      path,
      ...(body === undefined ? {} : { body }),
    };
  }),
);
