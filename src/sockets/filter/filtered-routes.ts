/** The daemon's own routes, each behind its rule. */
import type { Route } from "../../api/index.ts";
import { notThroughThisSocket } from "../errors.ts";
import { type Filter, rules } from "./rules.ts";

export function filteredRoutes(routes: readonly Route[], filter: Filter): Route[] {
  return routes.map((route) => {
    const key = `${route.method} ${route.path}`;
    const rule = rules.get(key);
    return {
      ...route,
      async handle(request) {
        if (!rule) throw notThroughThisSocket(`use ${key}`);
        const judged = await rule(request, filter);
        try {
          await route.handle(judged);
        } finally {
          filter.reservations.release(judged);
        }
      },
    };
  });
}
