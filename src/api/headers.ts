/** Headers on every answer, as Docker sends them. */
import { formatVersion, newestVersion } from "./versions.ts";

export const commonHeaders: Readonly<Record<string, string>> = {
  "Api-Version": formatVersion(newestVersion),
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: "HyperBox (linux)",
};
