/** Gives a container another name. */
import { conflict, invalid } from "../errors.ts";
import type { Container } from "../model/container.ts";
import type { Context } from "../model/context.ts";
import { publish } from "../model/publish.ts";
import { parseName } from "../names/name.ts";
import { named } from "../run/connections.ts";

export async function rename(context: Context, container: Container, to: string | null): Promise<void> {
  if (to === null || to === "" || to === "/") throw invalid("empty_name", "Neither old nor new names may be empty");
  const name = parseName(to);
  if (name === container.name) {
    throw invalid("same_name", "Renaming a container with the same name as its current name");
  }
  if (container.state.status === "removing")
    throw conflict("removing", `Cannot rename container ${container.name}: it is being removed`);
  const oldName = `/${container.name}`;
  context.store.rename(container, name);
  publish(context, container, "rename", { oldName });
  const { workload, state } = container;
  // Others find it by its new name from now on.
  if (workload)
    await context.networks.announceAgain(named(container, workload.namespace), state.runtime?.endpoints ?? []);
}
