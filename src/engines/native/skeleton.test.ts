import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exampleFacts, exampleSpec } from "./plan-run.test-support.ts";
import { planRun } from "./plan-run.ts";
import { makeSkeleton } from "./skeleton.ts";

test("makeSkeleton() makes the places with the usual modes whatever the umask, and again without harm", () => {
  const home = mkdtempSync(join(tmpdir(), "hbx-skeleton-"));
  const umask = process.umask(0o077);
  try {
    const root = makeSkeleton(home);
    expect(makeSkeleton(home)).toBe(root);
    for (const path of ["", "dev", "etc", "proc", "sys"]) expect(statSync(join(root, path)).mode & 0o777).toBe(0o755);
    for (const path of ["etc/hostname", "etc/hosts", "etc/resolv.conf"]) {
      expect(statSync(join(root, path)).mode & 0o777).toBe(0o644);
      expect(readFileSync(join(root, path), "utf8")).toBe("");
    }
  } finally {
    process.umask(umask);
    rmSync(home, { recursive: true });
  }
});

test("planRun() puts the skeleton below the image, so that nothing of the image is hidden", () => {
  const { root } = planRun(exampleSpec, { ...exampleFacts, skeleton: "/home/skeleton" }, {});
  expect(root.lowers).toEqual(["/l", "/home/skeleton"]);
});

test("planRun() leaves the skeleton out where contents lie in layers of their own", () => {
  const spec = { ...exampleSpec, root: { ...exampleSpec.root, data: ["/objects"] } };
  const { root } = planRun(spec, { ...exampleFacts, skeleton: "/home/skeleton" }, {});
  expect(root.lowers).toEqual(["/l"]);
  expect(root.data).toEqual(["/objects"]);
});
