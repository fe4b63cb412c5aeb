/** What the network doctor has found, in plain words. */

export type Finding = {
  check: string;
  status: "ok" | "problem" | "unknown";
  text: string;
  /** What to do about it; empty where nothing is to be done. */
  advice: string;
};

export const fine = (check: string, text: string): Finding => ({ check, status: "ok", text, advice: "" });
export const problem = (check: string, text: string, advice: string): Finding => ({
  check,
  status: "problem",
  text,
  advice,
});
export const unknown = (check: string, text: string, advice = ""): Finding => ({
  check,
  status: "unknown",
  text,
  advice,
});
