/** What is loaded when somebody pulls. */
export { parseRegistryAuth } from "../auth/credentials.ts";
export { pullImage } from "./pull.ts";
export { pullTags } from "./pull-tags.ts";
