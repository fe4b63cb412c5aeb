/** Go's default text of a time in the local zone: `2026-01-02 15:04:05 +0100 CET`. */
export function goTime(epochSec: number): string {
  const date = new Date(epochSec * 1000);
  const offset = -date.getTimezoneOffset();
  const two = (value: number) => String(value).padStart(2, "0");
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19).replace("T", " ");
  const minutes = Math.abs(offset);
  const shown = `${offset < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`;
  return `${local} ${shown} ${offset === 0 ? "UTC" : zoneName(date)}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}
