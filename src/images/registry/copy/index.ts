/** What is loaded when somebody copies. */
export { parseRegistryAuth } from "../auth/credentials.ts";
export { openClient } from "../client.ts";
export { type CopyOptions, copyImage } from "./copy-image.ts";
export { openLayoutSource } from "./layout-source.ts";
export { type CopySource, openLocalSource, openRegistrySource } from "./source.ts";
export { createLayoutTarget, createRegistryTarget } from "./target.ts";
