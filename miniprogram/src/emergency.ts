/** The emergency screen, run on the phone before anything is sent; it reads the service's lexicon. */

import bundled from "./data/lexicon.json";
import type { Emergency, PhoneNumber, Request } from "./types";

interface Guard {
  where: "before" | "after" | "sentence";
  pattern: string;
  except: string | null;
}

interface Kind {
  kind: string;
  stops: boolean;
  safe_path: boolean; // somebody near may be the danger, and look over her shoulder
  question: string;
  advice: string;
  numbers: PhoneNumber[];
}

export interface Lexicon {
  version: string;
  /** What is asked where there are no words to go by. */
  general: { kind: string; question: string; numbers: PhoneNumber[] };
  replace: [string, string][];
  clause_end: string;
  sentence_end: string;
  window: number;
  kinds: Kind[];
  guards: Record<string, Guard>;
  rules: { kind: string; pattern: string; guards: string[]; unless: string | null }[];
}

/** Whether the screen must be quick to leave. */
export function mayBeWatched(emergency: Emergency): boolean {
  if (emergency.safe_path) return true;
  return bundled.kinds.some((kind) => kind.safe_path && kind.kind === emergency.kind);
}

/** What to do first, about the kind that the service asks about: its answer brings no advice. */
export function adviceOn(kind: string): string | undefined {
  return bundled.kinds.find((one) => one.kind === kind)?.advice;
}

type Windows = Record<Guard["where"], string>;

/** Violence at home, a child in danger, a wish to die: whatever was answered. */
export function isSafePath(request: Request): boolean {
  const { emergency, waits_for } = request;
  return waits_for === "safe_path" || (emergency != null && mayBeWatched(emergency));
}

/** The question that a text raises, or null. Which words raise it is decided in the lexicon alone. */
export function screen(text: string, lexicon = bundled as unknown as Lexicon): Emergency | null {
  const found = hits(text, lexicon);
  const stopping = lexicon.kinds.filter((kind) => kind.stops && found.has(kind.kind));
  if (!stopping.length) return null;
  const { kind, question, advice } = stopping[0];
  const safe_path = stopping.some((one) => one.safe_path);
  return { kind, question, advice, safe_path, numbers: distinct(stopping.flatMap((k) => k.numbers)) };
}

/** The question that a voice raises: nobody can read it out of one. */
export function screenVoice(lexicon = bundled as unknown as Lexicon): Emergency {
  return { ...lexicon.general, safe_path: false };
}

function hits(text: string, lexicon: Lexicon): Set<string> {
  const normal = lexicon.replace.reduce(
    (now, [pattern, replacement]) => now.replace(new RegExp(pattern, "g"), replacement),
    text,
  );
  const found = new Set<string>();
  for (const rule of lexicon.rules) {
    for (const match of normal.matchAll(new RegExp(rule.pattern, "g"))) {
      const windows = windowsOf(normal, match.index!, match.index! + match[0].length, lexicon);
      const excused =
        (rule.unless !== null && new RegExp(rule.unless).test(windows.sentence)) ||
        rule.guards.some((name) => holds(lexicon.guards[name], windows));
      if (!excused) found.add(rule.kind);
    }
  }
  return found;
}

function holds(guard: Guard, windows: Windows): boolean {
  const text = windows[guard.where];
  if (!new RegExp(guard.pattern).test(text)) return false;
  return guard.except === null || !new RegExp(guard.except).test(text);
}

function windowsOf(text: string, start: number, end: number, lexicon: Lexicon): Windows {
  const clause = lastOf(text, start, lexicon.clause_end) + 1;
  const after = Math.min(firstOf(text, end, lexicon.clause_end), end + lexicon.window);
  return {
    sentence: text.slice(
      lastOf(text, start, lexicon.sentence_end) + 1,
      firstOf(text, end, lexicon.sentence_end),
    ),
    before: text.slice(Math.max(clause, start - lexicon.window), start),
    after: text.slice(end, after),
  };
}

function lastOf(text: string, before: number, marks: string): number {
  for (let at = before - 1; at >= 0; at--) if (marks.includes(text[at])) return at;
  return -1;
}

function firstOf(text: string, from: number, marks: string): number {
  for (let at = from; at < text.length; at++) if (marks.includes(text[at])) return at;
  return text.length;
}

function distinct(numbers: PhoneNumber[]): PhoneNumber[] {
  const seen = new Map(numbers.map((n) => [`${n.label} ${n.number}`, n]));
  return [...seen.values()];
}
