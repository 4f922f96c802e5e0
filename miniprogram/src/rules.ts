/** A village's routing rules, as people read and write them. */

import { categoryName, stationName } from "./session";
import type { DirectoryEntry, Rule } from "./types";
import { words } from "./words";

/** The fields of a rule as they are typed: words in one line, parted by any comma. */
export interface Typed {
  title: string;
  words: string;
  unless: string;
  places: string;
  category: string;
  to: string;
  station: string;
  referral: string;
  position: string;
}

export const EMPTY: Typed = {
  title: "",
  words: "",
  unless: "",
  places: "",
  category: "",
  to: "station",
  station: "",
  referral: "",
  position: "100",
};

const COMMA = "、";
const COMMAS = /[、，,;；\s]+/;

export function typedOf(rule: Rule): Typed {
  const { title, category, to, station, referral, position } = rule;
  const [said, unless, places] = [rule.words, rule.unless, rule.places].map((all) => all.join(COMMA));
  return {
    ...{ title, to, words: said, unless, places, position: `${position}` },
    ...{ category: category ?? "", station: station ?? "", referral: referral ?? "" },
  };
}

/** What is sent: of the three targets only the one that is meant. */
export function bodyOf(typed: Typed): object {
  const list = (line: string): string[] => line.split(COMMAS).filter(Boolean);
  const { to } = typed;
  return {
    title: typed.title.trim(),
    words: list(typed.words),
    unless: list(typed.unless),
    places: list(typed.places),
    category: typed.category || null,
    to,
    station: (to === "station" && typed.station) || null,
    referral: (to === "authority" && typed.referral) || null,
    position: Number(typed.position) || 0,
  };
}

/** "话里有“路灯”或“电灯”，没有“手电”". */
export function whenText(rule: Rule): string {
  const any = (all: string[]): string => all.map((word) => `“${word}”`).join("或");
  const parts = [
    rule.words.length ? `话里有${any(rule.words)}` : "",
    rule.unless.length ? `没有${any(rule.unless)}` : "",
    rule.places.length ? `地点是${any(rule.places)}` : "",
    rule.category ? `选的是“${categoryName(rule.category) ?? rule.category}”` : "",
  ];
  return parts.filter(Boolean).join("，");
}

/** Where a rule sends what it holds for. */
export function goalText(rule: Rule, village: string, directory: DirectoryEntry[]): string {
  if (rule.to === "station") return `送到${stationName(village, rule.station) ?? rule.station}`;
  if (rule.to === "council") return "交给会长，等理事会商量";
  return `请找：${directory.find(({ kind }) => kind === rule.referral)?.body ?? rule.referral}`;
}

/** Where a request lies: a station of the village, or one of the words for the rest. */
export function liesAt(where: string, village: string): string {
  return words.liesAt[where] ?? stationName(village, where) ?? where;
}
