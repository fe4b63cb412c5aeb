import { expect, test } from "bun:test";
import { parseBind } from "./parse-bind.ts";

test.each([
  ["/a:/b", { type: "bind", source: "/a", destination: "/b", readonly: false, createSource: true }],
  ["/a/../c:/b/./d:ro", { type: "bind", source: "/c", destination: "/b/d", readonly: true, mode: "ro" }],
  ["/a:/b:ro,rslave", { readonly: true, propagation: "rslave" }],
  ["data:/b", { type: "volume", name: "data", destination: "/b", copyUp: true }],
  ["data:/b:nocopy", { type: "volume", name: "data", copyUp: false }],
  ["/b", { type: "volume", name: "", destination: "/b" }],
])("parseBind() reads %s", (bind, expected) => expect(parseBind(bind, "local")).toMatchObject(expected as object));

test.each([
  ["a:b:c:d", "invalid volume specification"],
  ["/a:/b:", "invalid volume specification"],
  ["/a:b", "mount path must be absolute"],
  ["/a:/", "destination can't be '/'"],
  ["/a:/b:sideways", "invalid mode: sideways"],
  ["./x:/b", "includes invalid characters for a local volume name"],
  ["x:/b", "includes invalid characters for a local volume name"],
])("parseBind() refuses %s", (bind, message) => expect(() => parseBind(bind, "local")).toThrow(message));
