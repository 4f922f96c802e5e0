/** Standing pairs, as those who come and those to whom they come read them. */

import type { Pair } from "./types";

/** "每2周星期三 09:00，大约60分钟". */
export function rhythmText(pair: Pair): string {
  const weeks = pair.every_weeks > 1 ? `每${pair.every_weeks}周` : "每周";
  const day = pair.weekday ? `星期${"一二三四五六日"[pair.weekday - 1]}` : "一次";
  return `${weeks}${day}${pair.from ? ` ${pair.from}` : ""}，大约${pair.minutes}分钟`;
}
