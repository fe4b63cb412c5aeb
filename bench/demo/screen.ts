/** Words on a terminal: coloured there, plain anywhere else. */
export type Screen = {
  title(text: string): void;
  /** A finished step and how long it took. */
  done(what: string, ms: number, detail?: string): void;
  output(text: string): void;
  /** One line of a bar chart; `share` of the longest. */
  bar(label: string, ms: number, share: number, remark?: string): void;
  note(text: string): void;
};

const barWidth = 40;

export function createScreen(out: NodeJS.WriteStream): Screen {
  const coloured = out.isTTY === true && !process.env["NO_COLOR"];
  const paint = (code: number, text: string): string => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);
  const line = (text = ""): void => void out.write(`${text}\n`);
  const bold = 1;
  const dim = 2;
  const green = 32;
  const cyan = 36;
  return {
    title: (text) => line(`\n${paint(bold, text)}`),
    done: (what, ms, detail) =>
      line(
        `  ${paint(green, coloured ? "✓" : "-")} ${what.padEnd(52)}${format(ms)}${detail ? `  ${paint(dim, detail)}` : ""}`,
      ),
    output: (text) => {
      for (const one of text.trimEnd().split("\n")) line(`      ${paint(cyan, one)}`);
    },
    bar(label, ms, share, remark = "") {
      const length = Math.max(1, Math.round(share * barWidth));
      const block = paint(green, (coloured ? "█" : "#").repeat(length)) + " ".repeat(barWidth - length);
      line(`  ${label.padEnd(32)}${block}${format(ms)}  ${paint(dim, remark)}`.trimEnd());
    },
    note: (text) => line(`\n${paint(dim, text)}`),
  };
}

export function format(ms: number): string {
  const digits = ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return `${ms.toFixed(digits)} ms`.padStart(11);
}
