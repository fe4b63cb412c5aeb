/** A search as it is asked for over HTTP. */
import { badParameter } from "../errors.ts";
import type { SearchQuery } from "./search.ts";

const maxWords = 20;

export function parseQuery(query: URLSearchParams): SearchQuery {
  const text = query.get("q") ?? "";
  const words = text.split(/\s+/).filter((word) => word !== "" && word !== "*");
  if (words.length > maxWords) throw badParameter("q", text, `at most ${maxWords} words`);
  const several = (name: string) => {
    const values = query.getAll(name).filter((value) => value !== "");
    if (values.length > maxWords) throw badParameter(name, values.join(" "), `given at most ${maxWords} times`);
    return values;
  };
  return {
    words,
    name: query.get("name") || null,
    tag: query.get("tag") || null,
    labels: several("label"),
    platform: query.get("platform") || null,
    packages: several("package").map((value) => {
      const at = value.indexOf("=");
      return at < 0 ? { name: value, version: null } : { name: value.slice(0, at), version: value.slice(at + 1) };
    }),
  };
}
