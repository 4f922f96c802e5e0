/** Becoming a volunteer, pausing and leaving: what the service says of it, in words. */

import type { Labels } from "./duties";

export interface Volunteering {
  /** Null for who never applied. */
  status: string | null;
  waits_for: string | null;
  stations: string[];
  about: string | null;
  minor: boolean;
  guardian_at: string | null;
  due_at: string | null;
  reason: string | null;
  allowed_actions: string[];
}

/** A registration as who answers for it meets it. */
export interface Applicant extends Volunteering {
  person: string;
  name: string;
  birth_year: number | null;
  guardian: string | null;
  objection: string | null;
  skills: string[];
}

export const TIMES: Labels = {
  every_day: "每天都可以",
  weekdays: "周一到周五",
  weekends: "周末",
  evenings: "晚上",
  weekends_evenings: "周末和晚上",
};

const WAITS: Labels = {
  guardian: "等监护人同意",
  association: "等会长核对",
  training: "等参加培训",
  review: "村委会在看",
};

const STATES: Labels = { active: "您是志愿者", paused: "暂停了，不会有人问您", left: "退出了", declined: "这次没有登记上" };

export function stateText({ status, waits_for }: Volunteering): string {
  return (waits_for ? WAITS[waits_for] : STATES[status ?? ""]) ?? "";
}

export function toVolunteer(): void {
  void uni.redirectTo({ url: "/pages/volunteer/volunteer" });
}
