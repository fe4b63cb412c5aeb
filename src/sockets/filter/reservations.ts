/** What is being made and not yet counted: without it, requests at the same moment would all find room under a limit. */
import type { ApiRequest } from "../../api/index.ts";
import { replacing } from "./own.ts";

export type Kind = "container" | "volume";

export type Reservations = {
  count(kind: Kind): number;
  /** Reserves until the request is answered, or `release`d. What it makes is counted by then, though a run goes on. */
  take(kind: Kind, request: ApiRequest): ApiRequest;
  /** Idempotent; a request without a reservation is left alone. */
  release(request: ApiRequest): void;
};

export function createReservations(): Reservations {
  const held = new Map<ApiRequest, Kind>();
  return {
    count: (kind) => [...held.values()].filter((one) => one === kind).length,
    take(kind, request) {
      const reserved: ApiRequest = replacing(request, {
        sendJson(status, value, headers) {
          held.delete(reserved);
          request.sendJson(status, value, headers);
        },
        hijack(contentType) {
          held.delete(reserved);
          return request.hijack(contentType);
        },
      });
      held.set(reserved, kind);
      return reserved;
    },
    release: (request) => void held.delete(request),
  };
}
