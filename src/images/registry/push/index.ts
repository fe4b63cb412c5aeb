/** What is loaded when somebody pushes. */
export { parseRegistryAuth } from "../auth/credentials.ts";
export { pushImages } from "./push.ts";
