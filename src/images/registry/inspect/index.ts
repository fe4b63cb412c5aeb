/** What is loaded when somebody asks a registry about an image. */
export { parseRegistryAuth } from "../auth/credentials.ts";
export { describeImage } from "./describe.ts";
export { fetchManifests } from "./fetch-manifests.ts";
