import type { Verb } from "../../cli/verb.ts";

type Check = { check: string; status: "ok" | "degraded" | "missing"; detail: string; advice: string };

const marks = { ok: "ok      ", degraded: "degraded", missing: "MISSING " };

export const doctor: Verb = {
  name: "doctor",
  summary: "Look at this host: what works, what is degraded, and what to do about it",
  usage: "[OPTIONS]",
  args: { min: 0, max: 0 },
  flags: [{ name: "format", kind: "string", choices: ["json"], summary: 'Print as "json"' }],
  async run(session, _args, flags) {
    const checks = await session.client.json<Check[]>("GET", "/hbx/v1/doctor");
    if (flags.string("format") === "json") session.out.line(JSON.stringify(checks));
    else {
      for (const { check, status, detail, advice } of checks) {
        session.out.line(`${marks[status]}  ${check}: ${detail}`);
        if (status !== "ok" && advice) session.out.line(`          → ${advice}`);
      }
    }
    return checks.some(({ status }) => status === "missing") ? 1 : 0;
  },
};
