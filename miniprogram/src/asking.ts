/** How a village and its stations ask their volunteers, as a head reads and sets it. */

import type { Choice, Field } from "./actions";
import { leads, stationsOf, villageName } from "./session";
import type { Asking, AskingSettings, When } from "./types";
import { clockText } from "./week";
import { words } from "./words";

/** A village, or (with `station`) one of its stations. */
export interface Desk {
  village: string;
  station: string | null;
  label: string;
  path: string;
}

export type Name = keyof Asking;
export const NAMES = ["widest", "hold", "policy", "day_cap", "week_cap", "asks"] as const;
/** What a head sets of her own station; all else is the chair's, who answers for all people. */
export const HEADS_WORD: Name[] = ["widest", "hold"];
/** Where nothing is set: what is above says it. */
const NOT_SET = "";

const HOURS = ["06:00-22:00", "07:00-21:00", "08:00-20:00", "09:00-18:00"];
const USUAL: Record<"widest" | "hold" | "day_cap" | "week_cap" | "asks", (string | number)[]> = {
  widest: ["station", "village", "neighbours"],
  hold: ["no", "yes"],
  day_cap: [1, 2, 3, 4],
  week_cap: [3, 5, 7, 10, 14],
  asks: HOURS,
};

/** Where she may look: a chair's village and its stations, a head's station. */
export function desks(): Desk[] {
  const found = leads.value.flatMap(({ role, village, station }) => {
    const stations = stationsOf(village).filter(([kind]) => role === "chair" || kind === station);
    const each = stations.map(([kind, label]) => deskOf(village, kind, label));
    return role === "chair" ? [deskOf(village, null, `${villageName(village)}全村`), ...each] : each;
  });
  return [...new Map(found.map((one) => [one.path, one])).values()];
}

function deskOf(village: string, station: string | null, label: string): Desk {
  const path = station ? `/stations/${village}.${station}` : `/villages/${village}`;
  return { village, station, label, path };
}

/** Whether she is the chair there, who sets all of it. */
export function chairsIt({ village }: Desk): boolean {
  return leads.value.some((role) => role.role === "chair" && role.village === village);
}

/** A setting as a choice has it. */
export function valueOf(name: Name, settings: Asking): string | number {
  const set = settings[name];
  if (set === null) return NOT_SET;
  if (typeof set === "boolean") return set ? "yes" : "no";
  return typeof set === "object" ? `${set.from}-${set.to}` : set;
}

/** What is sent for a choice. */
export function sentOf(name: Name, value: string | number): unknown {
  if (value === NOT_SET) return null;
  if (name === "hold") return value === "yes";
  return name === "asks" ? hoursOf(`${value}`) : value;
}

/** What a choice means, in words. */
export function choiceText(name: Name, value: string | number, found: AskingSettings): string {
  if (name === "asks") {
    const { from, to } = hoursOf(`${value}`);
    return `${clockText(from)}到${clockText(to)}`;
  }
  if (name === "day_cap" || name === "week_cap") return `${value}条`;
  const texts = name === "policy" ? found.policy_texts : words.asking.values;
  return texts[name === "policy" ? value : `${name}-${value}`] ?? `${value}`;
}

/** A setting's question, with what may be chosen; what is set now is always among it. */
export function fieldOf(name: Name, found: AskingSettings, above: string): Field {
  const own = valueOf(name, found.own);
  const usual = name === "policy" ? found.policies : USUAL[name];
  const all = own === NOT_SET ? usual : [...usual, own];
  // Of what is called the same the last is offered: the newest version, or what is set now.
  const byText = Object.fromEntries(all.map((value) => [choiceText(name, value, found), value]));
  const choices: Choice[] = Object.entries(byText).map(([label, value]) => ({ value, label }));
  const label = words.asking.labels[name];
  return { name, label, kind: "choice", choices: [{ value: NOT_SET, label: above }, ...choices] };
}

/** What the nth version has changed of the one before it: "最远问到：只问本站的人". */
export function changes(nth: number, found: AskingSettings): string[] {
  const [now, before] = [found.history[nth].settings, found.history[nth + 1]?.settings];
  return NAMES.filter((name) => valueOf(name, now) !== (before ? valueOf(name, before) : NOT_SET)).map(
    (name) => {
      const value = valueOf(name, now);
      const said = value === NOT_SET ? words.asking.takenBack : choiceText(name, value, found);
      return `${words.asking.labels[name]}：${said}`;
    },
  );
}

function hoursOf(value: string): When {
  const [from, to] = value.split("-");
  return { from, to };
}
