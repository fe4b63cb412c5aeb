/** Container names: Docker's rule for given ones, adjective_surname for the rest. */
import { randomInt } from "node:crypto";
import { invalidName } from "../errors.ts";
import { adjectives, surnames } from "./words.ts";

const pattern = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Without the leading slash that old clients send. */
export function parseName(name: string): string {
  if (!pattern.test(name)) throw invalidName(name);
  return name.startsWith("/") ? name.slice(1) : name;
}

/** A free name; with a digit added once the plain ones are taken. */
export function generateName(
  isTaken: (name: string) => boolean,
  random: (below: number) => number = randomInt,
): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${adjectives[random(adjectives.length)]}_${surnames[random(surnames.length)]}`;
    const candidate = attempt < 5 ? name : `${name}${random(10 ** Math.min(9, attempt - 4))}`;
    if (!isTaken(candidate)) return candidate;
  }
}
