/** Standing pairs, as those who come and those to whom they come read them. */

import type { Pair } from "./types";
import { clockText, DAY_NAMES } from "./week";

/** "每2周星期三9点，大约60分钟". */
export function rhythmText(pair: Pair): string {
  if (!pair.weekday) return "日子不定，有事的时候先问";
  const weeks = pair.every_weeks > 1 ? `每${pair.every_weeks}周` : "每周";
  const day = `星期${DAY_NAMES[pair.weekday - 1]}`;
  return `${weeks}${day}${pair.from ? clockText(pair.from) : ""}，大约${pair.minutes}分钟`;
}
