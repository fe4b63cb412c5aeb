/** Users and passwords from a file that `htpasswd -B` writes: bcrypt only, since the older forms are broken by now. */
import { createHmac, randomBytes } from "node:crypto";
import { credentialLines, openCredentialFile } from "./credential-file.ts";

export type Htpasswd = { verify(user: string, password: string): Promise<boolean> };

const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** Higher would let a login keep a core busy for seconds. */
const maxCost = 14;
const checksAtOnce = 2;
const rememberedMs = 5 * 60_000;
const maxRemembered = 1000;
/** Compared with where the user is unknown, so that the answer takes as long. */
const nobodysHash = "$2b$10$abcdefghijklmnopqrstuuDpCAbtvZJMHsvMsqAuJGs9/AuwUPQl6";

export function openHtpasswd(path: string, now: () => number = Date.now): Htpasswd {
  const file = openCredentialFile(path, parseHtpasswd);
  const key = randomBytes(32);
  const remembered = new Map<string, number>();
  const slots = createSlots(checksAtOnce);
  return {
    async verify(user, password) {
      const hash = file.current().get(user);
      // bcrypt takes a twentieth of a second: a pull of many layers should pay for it once.
      const mark = createHmac("sha256", key).update(`${hash}\0${user}\0${password}`).digest("base64");
      if ((remembered.get(mark) ?? 0) > now()) return true;
      using _slot = await slots.take();
      const good = await Bun.password.verify(password, (hash ?? nobodysHash).replace(/^\$2y/, "$2b"));
      if (!good || hash === undefined) return false;
      if (remembered.size >= maxRemembered) remembered.clear();
      remembered.set(mark, now() + rememberedMs);
      return true;
    },
  };
}

export function parseHtpasswd(text: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const { line, at } of credentialLines(text)) {
    const colon = line.indexOf(":");
    const [user, hash] = [line.slice(0, colon), line.slice(colon + 1)];
    const cost = bcrypt.exec(hash)?.[1];
    if (colon < 1 || cost === undefined)
      throw new Error(`line ${at} is not user:<bcrypt hash> as \`htpasswd -B\` writes it`);
    if (Number(cost) > maxCost) throw new Error(`line ${at} has the cost ${cost}, more than ${maxCost}`);
    users.set(user, hash);
  }
  return users;
}

function createSlots(count: number): { take(): Promise<Disposable> } {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return {
        [Symbol.dispose]() {
          const next = waiting.shift();
          if (next) next();
          else free++;
        },
      };
    },
  };
}
