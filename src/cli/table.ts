/** Columns padded to their widest cell and three spaces more, but to `minWidth` at least, as Docker prints them. */
export function renderTable(rows: readonly (readonly string[])[], minWidth = 10): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? minWidth, Bun.stringWidth(cell) + 3);
    });
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) =>
        index === row.length - 1 ? cell : cell + " ".repeat((widths[index] ?? 0) - Bun.stringWidth(cell)),
      )
      .join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}
