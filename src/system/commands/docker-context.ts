/** Makes this daemon what the docker CLI talks to, and takes it back. */

import { contextName, openDockerConfig } from "../../cli/docker-config.ts";
import type { Verb } from "../../cli/verb.ts";

const shared = { usage: "", args: { min: 0, max: 0 }, flags: [] };

export const dockerContextInstall: Verb = {
  ...shared,
  name: "docker-context install",
  summary: "Make this daemon the docker command's default",
  async run(session) {
    const config = openDockerConfig(session.env);
    const current = config.currentContext();
    // A second install must not take our own context for what was there before.
    const former = current === contextName ? (config.context()?.former ?? null) : current;
    config.writeContext({ host: `unix://${session.endpoint.socketPath}`, former });
    config.setCurrentContext(contextName);
    session.out.line(`docker now talks to ${session.endpoint.socketPath} (context "${contextName}" in ${config.dir})`);
    const overriding = ["DOCKER_HOST", "DOCKER_CONTEXT"].filter((name) => session.env[name]);
    if (overriding.length > 0)
      session.err.line(`warning: ${overriding.join(" and ")} is set and wins over the context`);
    return 0;
  },
};

export const dockerContextUninstall: Verb = {
  ...shared,
  name: "docker-context uninstall",
  summary: "Give the docker command its former default back",
  async run(session) {
    const config = openDockerConfig(session.env);
    const context = config.context();
    if (context === null) {
      session.out.line(`docker has no context "${contextName}": nothing to do`);
      return 0;
    }
    if (config.currentContext() === contextName) config.setCurrentContext(context.former);
    config.removeContext();
    session.out.line(`docker's context is "${config.currentContext() ?? "default"}" again`);
    return 0;
  },
};
