/** The time by the service's clock: phones run wrong, and a demo's clock may have been set ahead. */

let aheadMs = 0;

/** Learn from an answer's headers how far the service's clock is ahead of the phone's. */
export function learnNow(headers: Record<string, string> | undefined): void {
  const said = headers?.["x-wuzhan-now"] ?? headers?.["X-Wuzhan-Now"];
  const now = Date.parse(said ?? "");
  if (!Number.isNaN(now)) aheadMs = now - Date.now();
}

export function serviceNow(): Date {
  return new Date(Date.now() + aheadMs);
}
