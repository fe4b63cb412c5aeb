/** What the cases are run against: our daemon, and a dockerd of this machine where there is one. */
import { type Dockerd, startDockerd } from "../../../bench/dockerd.ts";
import { type Api, createApi } from "../../support/api.ts";
import { openTestHome } from "../../support/home.ts";

export type Subject = AsyncDisposable & { name: string; api: Api };

export async function openHyperbox(): Promise<Subject> {
  const home = await openTestHome();
  return { name: "hyperbox", api: home.api, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

/** The first Docker that speaks API 1.51. */
const oldest = 28;

/** With the same image as `other`; or says why there is none. */
export async function openDocker(other: Subject): Promise<Subject | string> {
  const dockerd: Dockerd | string = await startDockerd();
  if (typeof dockerd === "string") return dockerd;
  if (Number.parseInt(dockerd.version, 10) < oldest) {
    await dockerd[Symbol.asyncDispose]();
    return `docker ${dockerd.version} is older than the API that we are compared by`;
  }
  const api = createApi(dockerd.host.replace("unix://", ""), { verify: false });
  const image = await other.api.stream("/images/hyperbox/base/get");
  const loaded = await api.upload("POST", "/images/load", new Uint8Array(await image.arrayBuffer()));
  if (loaded.status !== 200 || loaded.text.includes("errorDetail")) throw new Error(`docker: load: ${loaded.text}`);
  return { name: `docker ${dockerd.version}`, api, [Symbol.asyncDispose]: () => dockerd[Symbol.asyncDispose]() };
}
