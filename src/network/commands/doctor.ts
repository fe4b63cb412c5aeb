import type { Verb } from "../../cli/verb.ts";

type Finding = { check: string; status: "ok" | "problem" | "unknown"; text: string; advice: string };

const marks = { ok: "ok     ", problem: "PROBLEM", unknown: "unknown" };

export const networkDoctor: Verb = {
  name: "network doctor",
  summary: "Explain why a container cannot reach something",
  usage: "[OPTIONS] [CONTAINER [TARGET]]",
  args: { min: 0, max: 2 },
  flags: [{ name: "format", kind: "string", choices: ["json"], summary: 'Print as "json"' }],
  examples: [
    "network doctor",
    "network doctor web",
    "network doctor web db:5432",
    "network doctor web https://example.com",
  ],
  async run(session, [container, target], flags) {
    const query = { ...(container === undefined ? {} : { container }), ...(target === undefined ? {} : { target }) };
    const findings = await session.client.json<Finding[]>("GET", "/hbx/v1/networks/doctor", { query });
    if (flags.string("format") === "json") session.out.line(JSON.stringify(findings));
    else {
      for (const { check, status, text, advice } of findings) {
        session.out.line(`${marks[status]}  ${check}: ${text}`);
        if (advice) session.out.line(`         → ${advice}`);
      }
    }
    return findings.some(({ status }) => status === "problem") ? 1 : 0;
  },
};
