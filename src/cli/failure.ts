/** Ends a verb with a message for people and an exit code. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly hint: string | undefined;
  readonly exitCode: number;
  constructor(message: string, more: { hint?: string | undefined; exitCode?: number } = {}) {
    super(message);
    this.hint = more.hint;
    this.exitCode = more.exitCode ?? 1;
  }
}
