/** What filtered sockets need of others; the composition root hands it in. */
import type { CreateRequest, Update } from "../containers/index.ts";

export type Labelled = { labels: Readonly<Record<string, string>> };

export type Objects = {
  /** By name, id or the beginning of one; null where there is none or several. */
  container(ref: string): Labelled | null;
  /** The container of an exec. */
  execContainer(id: string): Labelled | null;
  volume(name: string): Labelled | null;
  containersWith(label: string, value: string): number;
  volumesWith(label: string, value: string): number;
  parseCreate(body: unknown): CreateRequest;
  parseUpdate(body: unknown): Update;
};
