/** Parsed flags of one invocation, read by name. */
import { Failure } from "./failure.ts";

export class FlagValues {
  readonly #given: Map<string, string[]>;
  readonly #defaults: Map<string, string>;
  constructor(given: Map<string, string[]>, defaults: Map<string, string>) {
    this.#given = given;
    this.#defaults = defaults;
  }

  has(name: string): boolean {
    return this.#given.has(name);
  }

  string(name: string): string | undefined {
    return this.#given.get(name)?.at(-1) ?? this.#defaults.get(name);
  }

  bool(name: string): boolean {
    return this.string(name) === "true";
  }

  list(name: string): string[] {
    return this.#given.get(name) ?? [];
  }

  integer(name: string): number | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    if (!/^[+-]?\d{1,15}$/.test(text)) {
      throw new Failure(`invalid argument "${text}" for "--${name}": not a whole number`, { exitCode: 125 });
    }
    return Number(text);
  }
}
