/** What a volunteer wishes to be asked, and when: hers alone, and kept with each tap. */

import { ref } from "vue";

import type { Choice } from "./actions";
import { call } from "./api";
import { serviceNow } from "./clock";
import { useTaps } from "./screen";
import type { Times, When, Wishes } from "./types";
import { dayText } from "./words";

const DAY_MS = 86_400_000;

/** What is to change of her times, or how it follows from what they are. */
export type Plan = object | ((now: Times) => object);

/** Her wishes and times with what changes them; `busy` names what is being kept. */
export function useWishes() {
  const { busy, tap } = useTaps();
  const wishes = ref<Wishes | null>(null);
  const times = ref<Times | null>(null);

  async function read(): Promise<void> {
    wishes.value = await call<Wishes>("GET", "/me/dispatch");
    times.value = await call<Times>("GET", "/me/availability");
  }

  // Both have one version: what was read of the other is old with each change. So one is kept
  // after the other, and no tap is lost to the one before it.
  let last: Promise<unknown> = Promise.resolve();
  function keep(change: () => Promise<unknown>): void {
    last = last.then(() => tap("keep", () => change().finally(read)));
  }

  return {
    ...{ busy, wishes, times, read },
    wish: (fields: object) => keep(() => call("PUT", "/me/dispatch", fields, wishes.value?.version)),
    // What is reckoned from her times is reckoned from those that the tap before has left.
    plan: (fields: Plan) =>
      keep(async () => {
        const now = times.value as Times;
        const sent = typeof fields === "function" ? fields(now) : fields;
        await call("PUT", "/me/availability", sent, now.version);
      }),
    readmit: (offer: string) => keep(() => call("DELETE", `/offers/${offer}/too_close`)),
    forget: () => keep(() => call("DELETE", "/me/dispatch/learned")),
  };
}

/** Go to the page on which she says what she wishes. */
export function toWishes(): void {
  void uni.redirectTo({ url: "/pages/wishes/wishes" });
}

/** Choices of numbers, what holds now among them. */
export function numbers(usual: number[], now: number, unit: string): Choice[] {
  const all = [...new Set([...usual, now])].sort((a, b) => a - b);
  return all.map((value) => ({ value, label: `${value}${unit}` }));
}

/** The moment so many days from now. */
export function daysAhead(days: number): string {
  return new Date(serviceNow().getTime() + days * DAY_MS).toISOString();
}

/** Whole days in Shanghai: `count` of them, the first in `nth` days (0: today). */
export function wholeDays(nth: number, count: number): When {
  const midnight = (days: number): string => {
    const local = new Date(serviceNow().getTime() + 8 * 3600_000 + days * DAY_MS);
    return `${local.toISOString().slice(0, 10)}T00:00:00+08:00`;
  };
  return { from: midnight(nth), to: midnight(nth + count) };
}

/** "11月22日", or with the last day when that is another. */
export function daysText(off: When): string {
  const first = dayText(off.from);
  const last = dayText(new Date(Date.parse(off.to) - 1).toISOString());
  return first === last ? first : `${first} 到 ${last}`;
}

/** The times away that are not over. */
export function stillAhead(times: Times): When[] {
  return times.time_off.filter(({ to }) => Date.parse(to) > serviceNow().getTime());
}
