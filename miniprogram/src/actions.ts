/** What each action is called, and what the person must say with it. Which are allowed, the service says. */

import { serviceNow } from "./clock";
import { isSafePath } from "./emergency";
import { idsIn } from "./pictures";
import { stationsOf } from "./session";
import type { DirectoryEntry, Request } from "./types";

export interface Choice {
  value: string | number;
  label: string;
}

export interface Field {
  name: string;
  label: string;
  kind: "text" | "choice" | "count" | "day" | "pictures" | "voice";
  optional?: boolean;
  /** Another field that is enough instead. */
  or?: string;
  longest?: number;
  choices?: Choice[];
  start?: string | number;
}

export interface Action {
  label: string;
  style?: "primary" | "danger";
  fields?: (request: Request) => Field[];
  body?: (said: Record<string, string | number>) => object;
}

export function text(name: string, label: string, longest: number, rest: Partial<Field> = {}): Field {
  return { name, label, kind: "text", longest, ...rest };
}

export function choice(
  name: string,
  label: string,
  pairs: [string | number, string][],
  rest: Partial<Field> = {},
): Field {
  const choices = pairs.map(([value, label]) => ({ value, label }));
  return { name, label, kind: "choice", choices, ...rest };
}

const OPTIONAL = { optional: true };
export const PICTURES: Field = { name: "files", label: "照片", kind: "pictures", optional: true };

const VOICE: Field = { name: "voice", label: "用嘴说", kind: "voice", optional: true };

/** The body of what was said with pictures beside it, or a voice. */
export function withFiles({ voice, ...said }: Record<string, string | number>): object {
  return { ...said, files: [...idsIn(said.files), ...idsIn(voice)] };
}

const DAYS: [number, string][] = [
  [0, "默认"],
  [1, "今天"],
  [2, "明天前"],
  [4, "三天内"],
  [8, "一周内"],
];

const LATER: [number, string][] = [
  [1, "明天"],
  [3, "三天后"],
  [7, "一周后"],
  [14, "两周后"],
  [30, "一个月后"],
];

/** In the order in which they are offered to the person. */
export const ACTIONS: Record<string, Action> = {
  // the villager
  answer: {
    label: "回答",
    style: "primary",
    fields: () => [text("text", "您的回答", 1000, { or: "voice" }), VOICE, PICTURES],
    body: withFiles,
  },
  confirm: {
    label: "说说办好没有",
    style: "primary",
    fields: () => [
      choice("solved", "事情办好了吗？", [
        ["yes", "办好了"],
        ["partly", "办了一部分"],
        ["no", "没办好"],
      ]),
      choice("rating", "满意吗？（可不选）", [1, 2, 3, 4, 5].map((n) => [n, `${n}分`]), OPTIONAL),
      text("comment", "还有什么想说的（可不写）", 500, OPTIONAL),
    ],
  },
  reopen: { label: "没解决，再办一次", fields: () => [text("reason", "哪里没办好", 300)] },
  hide_me: {
    label: "让不让站里知道是我",
    fields: ({ hide_me }) => [
      choice("hide", "站里看得到您的名字吗？", [
        ["no", "看得到"],
        ["yes", "看不到"],
      ], { start: hide_me ? "yes" : "no" }),
    ],
    body: ({ hide }) => ({ hide: hide === "yes" }),
  },
  withdraw: { label: "不用办了", fields: () => [text("reason", "为什么（可不写）", 300, OPTIONAL)] },

  claim: { label: "以后我自己来管", style: "primary" },

  ask_review: { label: "请会长再看看", fields: () => [text("reason", "为什么觉得该受理", 300)] },

  unmerge: { label: "不是同一件事，分开办" },

  // who asks back for somebody without an account
  call_back: {
    label: "记下本人说的",
    style: "primary",
    fields: () => [
      choice("solved", "本人说：事情办好了吗？", [
        ["yes", "办好了"],
        ["partly", "办了一部分"],
        ["no", "没办好"],
      ]),
      choice("rating", "满意吗？（可不选）", [1, 2, 3, 4, 5].map((n) => [n, `${n}分`]), OPTIONAL),
      text("comment", "本人还说了什么（可不写）", 500, OPTIONAL),
    ],
  },

  // the station head
  accept: { label: "受理", style: "primary" },
  dispatch: {
    label: "派单请志愿者",
    style: "primary",
    fields: (request) => [
      { name: "people_needed", label: "要几个人", kind: "count", start: usualPeople(request) },
      choice("days", "什么时候办", DAYS, { start: 0 }),
    ],
    body: taskCard,
  },
  recall: { label: "先不找人了，收回" },
  go_ahead: { label: "人不够也先办", style: "primary" },
  start: { label: "人到了，开始办", style: "primary" },
  handle: { label: "站里自己办" },
  ask_unresolved: { label: "实在办不成", fields: () => [text("reason", "难在哪里、试过什么", 300)] },
  try_again: { label: "请站里再想想办法", fields: () => [text("reason", "可以怎么办", 300)] },
  countersign: {
    label: "同意没能办成",
    style: "danger",
    fields: () => [text("reason", "为什么办不成", 300), text("advice", "对方还可以找谁", 500)],
  },
  uphold: {
    label: "还是不受理",
    style: "danger",
    fields: () => [text("advice", "告诉对方可以找谁", 500)],
  },
  resume: { label: "接着办", style: "primary" },
  let_rest: { label: "同意再缓一缓" },
  acknowledge: { label: "我看到了" },
  sign_for: { label: "签收，我来过问", style: "primary" },
  answer_escalation: {
    label: "答复站里和本人",
    style: "primary",
    fields: () => [text("text", "怎么办，谁来帮", 1000)],
  },
  submit_result: {
    label: "报办理结果",
    style: "primary",
    fields: () => [text("result", "办得怎么样", 1000), PICTURES],
    body: withFiles,
  },
  resolve: { label: "核实通过，办结", style: "primary" },
  send_back: { label: "退回再办", fields: () => [text("reason", "哪里还要再办", 300)] },
  suspend: {
    label: "先缓一缓",
    fields: () => [
      choice("reason", "为什么要缓", [
        ["weather", "天气不好"],
        ["waiting_material", "等材料"],
        ["waiting_other_body", "等别的单位"],
        ["waiting_meeting", "等开会商量"],
        ["requester_absent", "本人不在家"],
      ]),
      choice("days", "预计什么时候接着办", LATER, { start: 3 }),
      text("comment", "还想告诉对方什么（可不写）", 200, OPTIONAL),
    ],
    body: ({ days, ...rest }) => ({ ...rest, until: dayAfter(Number(days)) }),
  },
  escalate: {
    label: "请上一级帮忙",
    fields: () => [text("reason", "难在哪里，要上面帮什么（不写别人的名字）", 300)],
  },
  re_raise: {
    label: "还没解决，请再上一级看看",
    fields: () => [text("reason", "哪里还没有解决（只能请一次）", 300)],
  },
  heard: {
    label: "打通了，记下说的话",
    fields: () => [text("text", "对方在电话里怎么说", 1000)],
  },
  phone_try: { label: "打过，没通" },
  ask: { label: "问清楚", fields: () => [text("question", "想问什么", 300)] },
  route: {
    label: "转给别的站",
    fields: (request) => [
      choice("station", "转到哪个站", otherStations(request)),
      text("reason", "为什么", 200, { start: "这件事归这个站管" }),
    ],
  },
  ask_chair: {
    label: "请会长定归哪个站",
    fields: () => [text("reason", "为什么说不清", 200)],
  },
  refer: {
    label: "不归五站，告诉该找谁",
    fields: () => [choice("referral", "是哪类事？", referrals)],
  },
  hand_over: {
    label: "移交别的单位",
    fields: () => [
      text("receiver", "移交给哪个单位", 60),
      choice("basis", "凭什么移交", [
        ["consent", "本人同意"],
        ["duty_to_report", "依法要报告"],
        ["emergency", "情况紧急"],
      ]),
    ],
  },
  keep: { label: "还是村里的事" },
  helped: {
    label: "帮上忙没有",
    fields: () => [
      choice("helped", "那边帮上忙了吗", [
        ["yes", "帮上了"],
        ["no", "没帮上"],
      ]),
    ],
  },
  reject: {
    label: "不予受理",
    style: "danger",
    fields: () => [
      choice("reason", "原因", [
        ["not_village_matter", "不归村里管"],
        ["in_procedure", "法院或信访正在办"],
        ["duplicate", "和以前的一样"],
        ["unlawful", "不合法"],
        ["no_consent", "本人不同意"],
        ["spam", "乱发的"],
      ]),
      text("advice", "告诉对方可以找谁", 500),
    ],
  },
};

/** The actions to offer, in the table's order; the emergency question has a card of its own. */
export function offered(request: Request): [string, Action][] {
  return Object.entries(ACTIONS).filter(([name]) => request.allowed_actions.includes(name));
}

/** Nobody is put between a person and whom she fears: no mediation on the safe path. */
function otherStations(request: Request): [string, string][] {
  const closed = [request.station, isSafePath(request) ? "mediation" : null];
  return stationsOf(request.village).filter(([kind]) => !closed.includes(kind));
}

let usual: Record<string, number> = {};

/** Remember how many people each category usually asks for. */
export function learnUsualPeople(byCategory: Record<string, number>): void {
  usual = byCategory;
}

let referrals: [string, string][] = [];

/** Remember the kinds of other offices' matters that a village may answer. */
export function learnDirectory(entries: DirectoryEntry[]): void {
  referrals = entries.filter(({ may_keep }) => may_keep).map(({ kind, title }) => [kind, title]);
}

function usualPeople(request: Request): number {
  return usual[request.category ?? ""] ?? 1;
}

function taskCard({ people_needed, days }: Record<string, string | number>): object {
  return { task: { people_needed, ...(days ? { ends_at: endOfDay(Number(days)) } : {}) } };
}

// The last service hour (20:00 in Shanghai) of the nth day from today.
function endOfDay(nth: number): string {
  return `${dayAfter(nth - 1)}T20:00:00+08:00`;
}

function dayAfter(days: number): string {
  const local = new Date(serviceNow().getTime() + 8 * 3600_000 + days * 86_400_000);
  return local.toISOString().slice(0, 10);
}
