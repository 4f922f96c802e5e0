/** Complaints about an officer, what must be reported by law, break-glass, and papers: their words. */

import { ref, type Ref } from "vue";

import { choice, type Field } from "./actions";
import type { Request } from "./types";

export type Labels = Record<string, string>;

interface Step {
  at: string;
  text: string;
  said: string | null;
}

export interface Complaint {
  id: string;
  village: string;
  office: string;
  station: string | null;
  reason: string;
  status: string;
  rung: string;
  due_at: string | null;
  created_at: string;
  allowed_actions: string[];
  request?: string | null;
  text?: string;
  complainant?: string | null;
  steps?: Step[];
}

export interface DutyReport {
  id: string;
  kind: string;
  village: string;
  request: string | null;
  status: string;
  due_at: string;
  raised_at: string;
  allowed_actions: string[];
  text?: string | null;
  authority?: string | null;
  receiver?: string | null;
  receipt?: string | null;
  dismiss_reason?: string | null;
}

export interface Glass {
  id: string;
  request: string;
  number: string;
  reason: string;
  asked_at: string;
  expires_at: string | null;
}

export interface Paper {
  id: string;
  kind: string;
  skill: string | null;
  issuer: string;
  number: string | null;
  valid_from: string;
  valid_until: string | null;
  confirmed_at: string | null;
  revoked_at: string | null;
}

/** The request that the next complaint or report is about; it goes with the form, not the address. */
export const about = ref<Request | null>(null);

/** What a screen on which something is written down, and then looked after, has in common. */
export function useWriting(look: () => unknown): { writes: Ref<boolean>; sent: Ref<boolean>; wrote: () => void } {
  const writes = ref(about.value !== null);
  const sent = ref(false);
  function wrote(): void {
    [writes.value, sent.value] = [false, true];
    void look();
  }
  return { writes, sent, wrote };
}

export function leave(): void {
  about.value = null;
  uni.redirectTo({ url: "/pages/say/say" });
}

export const OFFICES: Labels = {
  head: "站长",
  deputy: "副站长",
  mediator: "调解员",
  chair: "协会会长",
  council_chair: "理事会会长",
  clerk: "村委会经办人",
};

/** The offices that are a station's. */
export const OF_STATION = ["head", "deputy"];

export const WRONGS: Labels = {
  rude: "态度不好",
  unfair: "办事不公道",
  money: "收钱、要好处",
  privacy: "把我的事说出去",
  neglect: "拖着不办",
  other: "别的",
};

export const HIDING: Labels = { no: "可以知道", yes: "不要知道" };

/** Who has it: the three rungs above the village's officers (3.7). */
export const RUNGS: Labels = { chair: "协会会长", clerk: "村委会", township_officer: "乡镇" };

export const REPORT_KINDS: Labels = {
  child: "孩子受伤害，或没人管",
  violence: "家里打人",
  danger: "有人会出危险",
};

export const REPORT_STATES: Labels = {
  raised: "等村委会上报",
  reported: "报上去了",
  receipted: "那边回话了",
  dismissed: "两个人看过，不用报",
};

export const AUTHORITIES: Labels = {
  police: "派出所",
  civil_affairs: "民政",
  education: "教育",
  women_federation: "妇联",
  health: "卫生院",
  other: "别的单位",
};

export const PAPER_KINDS: Labels = { insurance: "意外保险", training: "培训", certificate: "证书" };

export function choiceField(name: string, label: string, from: Labels, rest: Partial<Field> = {}): Field {
  return choice(name, label, Object.entries(from), rest);
}
