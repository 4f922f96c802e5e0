/** What the service sends, as far as the phone reads it. */

import type { Shown } from "./pictures";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface PhoneNumber {
  label: string;
  number: string;
}

export interface Emergency {
  kind: string;
  question: string;
  safe_path?: boolean;
  numbers: PhoneNumber[];
  advice?: string;
  answer_by?: string | null;
}

export interface Place {
  name: string;
}

/** She chose a category, and her words speak of another station. */
export interface Asks {
  question: string;
  category: string | null;
}

/** A piece of the text that is a matter of its own. */
export interface Part {
  text: string;
  station: string | null;
  none: boolean;
}

/** Who is responsible for what is no village matter; `printable` is to be copied (R31). */
export interface Advice {
  kind: string;
  body: string;
  text: string;
  numbers: PhoneNumber[];
  printable: string;
  may_keep: boolean;
}

/** What would become of a text that is not sent yet. */
export interface Hint {
  told: string[];
  emergency: { question: string; numbers: PhoneNumber[] } | null;
  advice: { numbers: PhoneNumber[] }[] | null;
  asks: Asks | null;
}

/** Why it was routed so, in words, for those who decide; `confidence` is a share of 1. */
export interface Grounds {
  decided: string;
  inputs: string[];
  version: string;
  ranked: { station: string; name: string; confidence: number }[];
  reasons: { kind: string; text: string; weight: number }[];
  flags: { kind: string; text: string; matched: string }[];
  lines: string[];
  proposed: string | null;
}

export interface Request {
  id: string;
  number: string;
  village: string;
  status: string;
  status_text: string;
  station: string | null;
  category: string | null;
  priority: string;
  text?: string | null;
  created_at: string;
  place?: Place | null;
  suspended_until: string | null;
  question?: string | null;
  waits_for: string | null;
  emergency: (Emergency & { danger_now?: boolean | null }) | null;
  deadlines: { first_response_due: string | null; resolve_due: string | null };
  assigned: string[];
  followers: number;
  file_count?: number;
  files?: Shown[];
  requester?: { name: string };
  hide_me: boolean;
  /** How it came, where somebody entered it for her; null: by her own phone. */
  source: string | null;
  /** What it comes to for her who wrote it, in sentences. */
  told?: string[];
  advice?: Advice[] | null;
  asks?: Asks | null;
  parts?: Part[];
  grounds?: Grounds;
  result?: string | null;
  version: number;
  allowed_actions: string[];
}

/** A sentence to take instead of writing one's own. */
export interface StandardAnswer {
  code: string;
  action: string;
  field: string;
  text: string;
}

/** What a neighbour sees of a request: never whose it is, never her words. */
export interface Face {
  id: string;
  number: string;
  status: string;
  status_text: string;
  station: string | null;
  category: string | null;
  place: string | null;
  followers: number;
  created_at: string;
}

/** A request that may be the same; its words for its station alone. */
export interface Similar extends Face {
  open: boolean;
  mine: boolean;
  following: boolean;
  text?: string;
}

/** A paper for who has no account; the code is told once. */
export interface Slip {
  number: string;
  code: string;
  expires_at: string;
  page: string;
}

/** Something to be told by phone, or the question whether it is solved. */
export interface PhoneCall {
  id: string;
  kind: "tell" | "call_back" | "sample";
  request: string;
  number: string;
  title: string;
  text: string;
  careful: boolean;
  tries: number;
  tried_at: string | null;
  created_at: string;
  name?: string;
  phone?: string | null;
}

export interface TimelineItem {
  at: string;
  action: string;
  text: string;
  by: string | null;
}

export interface When {
  from: string;
  to: string;
}

export interface Offer {
  id: string;
  station: string;
  what: string;
  place: Place | string | null;
  when: When;
  people_needed: number;
  risk_notice: string;
  expires_at: string;
  status: string;
  /** Why she is asked: about herself, never about others. */
  why: { kind: string; text: string }[];
  /** Whether she said that she would step in for who does not come. */
  stands_by: boolean;
}

export interface Contact {
  name: string;
  phone?: string | null;
}

export interface Task {
  id: string;
  /** Her own, by which she may say that she is too close. */
  offer: string | null;
  what: string;
  place: Place | string | null;
  when: When;
  people_needed: number;
  /** When she said that she will be there. */
  arrival: string | null;
  status: string;
  details: string | null;
  allowed_actions: string[];
  contact: Contact | null;
}

/** What a volunteer wishes to be asked; `rest.by` is the head who said so, null: she herself. */
export interface Wishes {
  other_stations: boolean;
  next_village: boolean;
  next_village_km: number;
  disliked: { category: string; name: string }[];
  ask_less: boolean;
  ask_less_until: string | null;
  personal: boolean;
  rest: { until: string; by: string | null } | null;
  learned: { kind: string; text: string }[];
  ties: { offer: string; what: string; at: string }[];
  version: number;
}

/** Hours of each week in clock times; `weekday` 1 is Monday. */
export interface Weekly extends When {
  weekday: number;
}

/** When a volunteer may be asked; `quiet_hours` in clock times. */
export interface Times {
  windows: Weekly[];
  time_off: When[];
  max_open_tasks: number;
  quiet_hours: When | null;
  version: number;
}

/** How a village or a station asks; null: nothing is set there. `asks` in clock times. */
export interface Asking {
  policy: string | null;
  widest: string | null;
  hold: boolean | null;
  day_cap: number | null;
  week_cap: number | null;
  asks: When | null;
}

/** What is set here, what holds, and who has set what before, newest first. */
export interface AskingSettings {
  own: Asking;
  in_force: Asking;
  policies: string[];
  /** What each does, by version. */
  policy_texts: Record<string, string>;
  version: number;
  history: { version: number; settings: Asking; changed_by: string | null; changed_at: string }[];
}

/** Two villages that lend each other volunteers; `station` null: for all stations. */
export interface Agreement {
  id: string;
  with: string;
  with_name: string;
  station: string | null;
  km: number | null;
  status: "proposed" | "in_force" | "ended";
  mine_agreed: boolean;
  since: string | null;
  allowed_actions: string[];
}

/** Who comes regularly to whom; `weekday` 1 is Monday. */
export interface Pair {
  id: string;
  station_name: string;
  what: string;
  villager: string | null;
  volunteer: string | null;
  weekday: number | null;
  from: string | null;
  minutes: number;
  every_weeks: number;
  /** When she comes next; null where no weekday is said. */
  next_at: string | null;
  status: string;
  allowed_actions: string[];
}

/** How looking for people stands: only those who said yes have names. */
export interface Search {
  text: string;
  accepted: { name: string; arrival: string | null }[];
  rounds: { at: string; asked: number; text: string }[];
  last_look: {
    looked_at: number;
    now: number;
    later: number;
    left_out: { reason: string; people: number; text: string }[];
  } | null;
  next_look: string | null;
  /** The village's other stations, and the next villages: a sentence each. */
  village: { state: string; text: string } | null;
  neighbours: { state: string; text: string } | null;
}

export interface Member {
  person: string;
  name: string;
  rest_until: string | null;
}

/** Who else a matter concerns; `known`: somebody of the village is meant. */
export interface Party {
  person: string | null;
  household: string | null;
  name: string | null;
  known: boolean;
  by: string | null;
}

export interface Named {
  person: string;
  name: string;
}

/** Which volunteers may be named as ones who must not help, and whom the caller has named. */
export interface Nameables {
  items: (Named & { at_station: boolean })[];
  said: Named[];
}

export interface Suggestions {
  items: { person: string; name: string; reasons: string[] }[];
  neighbours: number;
}

export interface Role {
  role: string;
  village: string;
  station: string | null;
  label: string;
}

export interface Me {
  id: string;
  name: string | null;
  village: string | null;
  roles: Role[];
  is_volunteer: boolean;
  needs: string[];
}

export interface Notice {
  id: string;
  title: string;
  text: string | null;
  created_at: string;
  read_at: string | null;
}

export interface Category {
  code: string;
  station: string;
  name: string;
  open: boolean;
  task_card?: { people: number };
}

export interface Named {
  code: string;
  name: string;
}

export interface Village extends Named {
  /** Of the administrative village above it. */
  committee: string | null;
}

export interface DemoPerson extends Named {
  role_label: string;
}

export interface Bootstrap {
  villages: Village[];
  categories: Category[];
  /** By `{village}.{kind}`. */
  station_names: Record<string, string>;
  /** For which a certificate is needed. */
  certified_skills: string[];
  privacy_version: string;
  templates: Record<string, string[]>;
  /** The service's clock, which a demo may have set ahead. */
  demo_people?: DemoPerson[];
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
}

/** Where all the conditions that it has hold, a request goes `to`. */
export interface Rule {
  id: string;
  title: string;
  position: number;
  active: boolean;
  words: string[];
  unless: string[];
  places: string[];
  category: string | null;
  to: "station" | "council" | "authority";
  station: string | null;
  referral: string | null;
  version: number;
  changed_by: string | null;
  changed_at: string;
  proposal?: "open" | "accepted" | "refused" | null;
  proposed_by?: string | null;
  reason?: string | null;
  answer?: string | null;
}

/** What a rule would have moved among the last requests. */
export interface DryRun {
  looked_at: number;
  holds_for: number;
  moves: { from: string; to: string; count: number }[];
  examples: { id: string; number: string; text: string; from: string; to: string }[];
}

export interface DirectoryEntry extends Advice {
  title: string;
  may_keep: boolean;
}

export interface MyPhone {
  /** Masked. */
  number: string | null;
  /** WeChat says that it is hers. */
  verified: boolean;
}

export interface Consent {
  document: string;
  version: string;
  title: string;
  text: string;
  needed: boolean;
  if_withdrawn: string;
  accepted: boolean | null;
}

export interface Read {
  at: string;
  reader: string;
  number: string;
  fields_read: string[];
}

export interface MySection {
  name: string;
  title: string;
  /** By column, in their order. */
  labels: Record<string, string>;
  rows: Record<string, unknown>[];
}

export interface Deletion {
  open: { kind: "office" | "task" | "request"; text: string }[];
  erased: string[];
  kept: string[];
}
