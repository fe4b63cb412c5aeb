import { expect, test } from "bun:test";
import type { Image } from "../store/image-store.ts";
import { refuseManifests, requirePlatform } from "./asked-platform.ts";

const image = { id: "sha256:1", file: { os: "linux", architecture: "amd64", variant: "" } } as unknown as Image;

test("requirePlatform() takes any platform when none is named, else one that the image has", () => {
  requirePlatform(image, []);
  requirePlatform(image, ["linux/amd64"]);
  requirePlatform(image, ["linux/arm64", '{"os":"linux","architecture":"amd64"}']);
  expect(() => requirePlatform(image, ["linux/arm64"])).toThrow("No such image");
});

test("refuseManifests() refuses what would be left out of the answer", () => {
  refuseManifests(new URLSearchParams("manifests=0"));
  expect(() => refuseManifests(new URLSearchParams("manifests=1"))).toThrow("Cannot list manifests");
});
