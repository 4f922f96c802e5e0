/** A volunteer's minutes and the committee's papers on them: their words. */

import type { Labels } from "./duties";

export interface ServiceRecord {
  id: string;
  volunteer: string | null;
  village: string;
  station: string;
  minutes: number;
  status: string;
  served_at: string;
  due_at: string | null;
  allowed_actions: string[];
}

export interface HourPaper {
  id: string;
  holder: string;
  unit: string;
  status: string;
  requested_at: string;
  due_at: string | null;
  number: string | null;
  minutes: number;
  reason: string | null;
  allowed_actions: string[];
  code?: string | null;
}

export const RECORD_STATES: Labels = {
  drafted: "等站里确认",
  posted: "公示三天",
  disputed: "在核对",
  corrected: "核对好了",
  final: "记好了",
};

export const PAPER_STATES: Labels = {
  requested: "等村委会核对",
  checked: "核对好了，等开",
  issued: "开好了",
  refused: "这次没有开",
  revoked: "收回了",
};

/** "1.5 小时", as papers have it. */
export function hoursText(minutes: number): string {
  return `${(minutes / 60).toFixed(1)} 小时`;
}
