/** The hours of each week in which a volunteer may be asked, as parts of days. */

import type { Weekly, When } from "./types";

interface Part extends When {
  name: string;
  label: string;
}

const SHORTEST_RANGE = 3; // days in a row that are said as "from … to …"

/** As the roster's phrases have them (`availability.csv`). */
export const PARTS: Part[] = [
  { name: "morning", label: "上午", from: "06:00", to: "12:00" },
  { name: "afternoon", label: "下午", from: "12:00", to: "18:00" },
  { name: "evening", label: "晚上", from: "18:00", to: "21:30" },
];
export const DAY_NAMES = [..."一二三四五六日"];
export const WEEKDAYS = DAY_NAMES.map((day, n) => ({ weekday: n + 1, label: `周${day}` }));

/** Whether she has time within a part of a day. */
export function isFree(windows: Weekly[], weekday: number, part: Part): boolean {
  return on(windows, weekday).some(({ from, to }) => from < part.to && to > part.from);
}

/** Her week after a tap on a part of a day: with it where it was not free, else without. */
export function flipped(windows: Weekly[], weekday: number, part: Part): Weekly[] {
  const others = windows.filter((one) => one.weekday !== weekday);
  const around = on(windows, weekday)
    .flatMap(({ from, to }) => [
      { from, to: to < part.from ? to : part.from },
      { from: from > part.to ? from : part.to, to },
    ])
    .filter(({ from, to }) => from < to);
  const hours = isFree(windows, weekday, part) ? around : [...around, part];
  return [...others, ...joined(hours).map((one) => ({ weekday, ...one }))];
}

/** "周一到周五：6点到20点半", a line for days that are alike. */
export function weekLines(windows: Weekly[]): string[] {
  const alike: Record<string, number[]> = {};
  for (const { weekday } of WEEKDAYS) {
    const hours = joined(on(windows, weekday)).map(({ from, to }) => `${clockText(from)}到${clockText(to)}`);
    if (hours.length) (alike[hours.join("、")] ??= []).push(weekday);
  }
  return Object.entries(alike).map(([hours, days]) => `${daysText(days)}：${hours}`);
}

/** "20点半" for "20:30". */
export function clockText(clock: string): string {
  const [hours, minutes] = clock.split(":").map(Number);
  return `${hours}点${{ 0: "", 30: "半" }[minutes] ?? `${minutes}分`}`;
}

function daysText(days: number[]): string {
  if (days.length === WEEKDAYS.length) return "每天";
  const names = days.map((day) => WEEKDAYS[day - 1].label);
  const inARow = days[days.length - 1] - days[0] === days.length - 1;
  if (inARow && days.length >= SHORTEST_RANGE) return `${names[0]}到${names[names.length - 1]}`;
  return names.join("、");
}

function on(windows: Weekly[], weekday: number): Weekly[] {
  return windows.filter((one) => one.weekday === weekday);
}

// What touches is one: work may go on over noon.
function joined(hours: When[]): When[] {
  const found: When[] = [];
  for (const { from, to } of [...hours].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = found[found.length - 1];
    if (last && last.to >= from) last.to = last.to > to ? last.to : to;
    else found.push({ from, to });
  }
  return found;
}
