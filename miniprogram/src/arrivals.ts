/** When a volunteer says she will be there: within the task's time, in words of the day. */

import type { Choice } from "./actions";
import { serviceNow } from "./clock";
import type { When } from "./types";
import { wholeDays } from "./wishes";

const HOUR_MS = 3600_000;
const HOURS = [1, 2, 4];
const NEXT_DAYS: [number, string][] = [
  [0, "今天"],
  [1, "明天"],
  [2, "后天"],
];
const TIMES: [number, string][] = [
  [9, "上午9点"],
  [14, "下午2点"],
];

/** The arrivals to choose from: in some hours, or at some hour of the next days. */
export function arrivals(when: When): Choice[] {
  const now = serviceNow().getTime();
  const soon = HOURS.map((hours) => [now + hours * HOUR_MS, `${hours}小时后到`] as const);
  const later = NEXT_DAYS.flatMap(([nth, day]) =>
    TIMES.map(([hour, name]) => [atHour(nth, hour), `${day}${name}到`] as const),
  ).filter(([at]) => at > now + HOURS[HOURS.length - 1] * HOUR_MS);
  return [...soon, ...later]
    .filter(([at]) => at >= Date.parse(when.from) && at <= Date.parse(when.to))
    .map(([at, label]) => ({ value: new Date(at).toISOString(), label }));
}

function atHour(nth: number, hour: number): number {
  return Date.parse(wholeDays(nth, 1).from) + hour * HOUR_MS;
}
