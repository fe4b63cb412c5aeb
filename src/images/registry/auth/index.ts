/** What is loaded when somebody logs in. */
export { parseCredentials, parseRegistryAuth } from "./credentials.ts";
export { login } from "./login.ts";
