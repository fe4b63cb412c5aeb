/** An interface of a running container whose end on the host was deleted by hand is made again, with its addresses and routes. */
import { errorText } from "../../base/errors.ts";
import type { Context } from "../model/context.ts";
import { priorities } from "../run/network-mode.ts";

/** The end of a container takes its interfaces as well: only what lives on after this long has lost one. */
const pauseMs = 300;

export function restoreInterface(context: Context, hostInterface: string): void {
  const holder = () =>
    [...context.store.all.values()].find(({ workload }) =>
      workload?.record.endpoints.some((endpoint) => endpoint.hostInterface === hostInterface),
    );
  if (!holder()) return;
  context.clock.after(pauseMs, () => {
    const container = holder();
    const workload = container?.workload;
    const endpoint = workload?.record.endpoints.find((one) => one.hostInterface === hostInterface);
    if (!container || !workload || !endpoint || context.closing) return;
    const again = async (): Promise<void> => {
      await context.networks.attachAgain(endpoint, workload.namespace);
      await context.networks.route(workload.record.endpoints, priorities(container), workload.namespace);
    };
    context.logger.log("warn", "container.interface", { id: container.id, interface: endpoint.interface });
    again().catch((error: unknown) => {
      context.logger.log("error", "container.interface", { id: container.id, error: errorText(error) });
    });
  });
}
