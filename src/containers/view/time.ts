/** RFC 3339 as Docker prints it; 0 is Go's zero time. */
export function rfc3339(ms: number): string {
  return ms === 0 ? "0001-01-01T00:00:00Z" : new Date(ms).toISOString();
}
