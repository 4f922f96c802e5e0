/** Every text that the phone itself says; all others come from the service. */

export const words = {
  offline: "现在没有网络。写的内容已存在手机里，有网时再点一次。",
  failed: "没有办成，请过一会儿再点一次",
  stillOffline: "现在没有网络，看到的是之前的内容",
  noMicrophone: "没有录成：请在手机设置里允许使用麦克风，再点一次",
  signInAgain: "登录过期了，请再选一次",

  waitsFor: {
    mediation: "等调解员来处理",
    council: "等理事会商量",
    referral: "等转到民政等部门",
    authority: "等转到主管部门",
    supervision: "等监督的人来看",
    safe_path: "走安全保护的路子，不会联系对方",
    unconfirmed_danger: "可能有危险，请马上联系本人",
  } as Record<string, string>,

  // where a request lies that is at no station
  liesAt: {
    triage: "等会长定站",
    council: "等理事会商量",
    authority: "请找别的单位",
    not_ours: "不归五站",
  } as Record<string, string>,

  taskStatus: {
    accepted: "您答应了",
    checked_in: "您到了",
    completed: "您办完了",
    released: "您退出了",
    withdrawn: "不用去了",
  } as Record<string, string>,

  noReasons: {
    busy: "这次正忙",
    not_this_kind: "这类事我不做",
    not_these_days: "这几天不行",
    ask_me_less: "少找我一点",
  } as Record<string, string>,

  // what changes her wishes, which she can undo
  keptReasons: ["not_this_kind", "not_these_days", "ask_me_less"] as string[],
  wishKept: "记下了。想改的时候，点下面的“我的意愿”。",

  // how she is close to the villager whose matter it is
  ties: {
    kin: "是我家亲戚",
    contractor: "这活是我家承包的",
    party: "这件事我家也有份",
  } as Record<string, string>,
  tieKept: "记下了。这家的事以后不再找您。点错了，在“我的意愿”里收回。",

  // why somebody must not help with a request; `word`: somebody whose matter it is does not want her
  exclusions: {
    word: "当事人不想让他（她）来",
    kin: "是亲戚",
    household: "是一家人",
    contractor: "这活是他（她）承包的",
    party: "他（她）也是当事人",
  } as Record<string, string>,

  // how a village asks its volunteers
  asking: {
    labels: {
      widest: "人不够时，最远问到哪里",
      hold: "要不要问邻村",
      policy: "先问谁、一次问几位",
      day_cap: "一个人一天最多收几条",
      week_cap: "一个人一周最多收几条",
      asks: "几点到几点可以问（急事不管钟点）",
    },
    values: {
      "widest-station": "只问本站的人",
      "widest-village": "再问村里别的站",
      "widest-neighbours": "再问说好了的邻村",
      "hold-yes": "先不问，等站长点头",
      "hold-no": "可以问，问之前告诉站长",
    } as Record<string, string>,
    takenBack: "不另定了",
  },

  decidedByTap: "看过了，这件事归这个站管",

  yesWaits: "还没发出去。您的「我去」已记下，一有网就替您发出去。",
  yesRefused: "之前的「我去」没有算上：",
} as const;

const pad = (n: number): string => String(n).padStart(2, "0");

/** Villagers' clock, whatever the phone is set to: Shanghai has no summer time. */
function shanghai(iso: string): Date {
  return new Date(Date.parse(iso) + 8 * 3600_000);
}

/** "11月22日 14:30". */
export function timeText(iso: string): string {
  const d = shanghai(iso);
  return `${dayText(iso)} ${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`;
}

/** "11月22日 14点多". */
export function hourText(iso: string): string {
  return `${dayText(iso)} ${shanghai(iso).getUTCHours()}点多`;
}

/** "11月22日". */
export function dayText(iso: string): string {
  const d = shanghai(iso);
  return `${d.getUTCMonth() + 1}月${d.getUTCDate()}日`;
}

/** "星期日". */
export function weekdayText(iso: string): string {
  return `星期${"日一二三四五六"[shanghai(iso).getUTCDay()]}`;
}

/** "11月22日 08:00 到 20:00", or with both days when they differ. */
export function whenText(when: { from: string; to: string }): string {
  const end = timeText(when.to);
  const sameDay = dayText(when.from) === dayText(when.to);
  return `${timeText(when.from)} 到 ${sameDay ? end.split(" ")[1] : end}`;
}

/** A place as the service sends it: an object with a name, or the name. */
export function placeText(place: { name: string } | string | null | undefined): string {
  return (typeof place === "string" ? place : place?.name) ?? "";
}

/** "62%". */
export function shareText(share: number): string {
  return `${Math.round(100 * share)}%`;
}

/** Whether a reason is a word of hers, that weighs more or less. */
export function isWord({ kind }: { kind: string }): boolean {
  return kind === "term" || kind === "model";
}
