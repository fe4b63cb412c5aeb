import { expect, test } from "bun:test";
import { findGroup, findUser } from "./owner.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:100::/:/bin/false\nbroken\n";

test("findUser() finds by name and number, nothing else", () => {
  expect(findUser(passwd, "app")).toEqual({ uid: 1000, gid: 100 });
  expect(findUser(passwd, "1000")).toEqual({ uid: 1000, gid: 100 });
  expect(findUser(passwd, "broken")).toBeNull();
  expect(findUser("", "app")).toBeNull();
});

test("findGroup() finds by name", () => {
  expect(findGroup("wheel:x:10:\nstaff:x:20:app\n", "staff")).toBe(20);
  expect(findGroup("wheel:x:10:\n", "staff")).toBeNull();
});
