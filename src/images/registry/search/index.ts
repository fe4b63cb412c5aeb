/** What is loaded when somebody searches. */
export { parseRegistryAuth } from "../auth/credentials.ts";
export { searchImages } from "./search.ts";
