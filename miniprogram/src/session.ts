/** Who holds the phone, and what the screens share. */

import { computed, reactive } from "vue";

import { call, Problem, tokens } from "./api";
import { knowsThePerson, loginCode } from "./platform";
import type { Bootstrap, Me, Tokens, Village } from "./types";
import { words } from "./words";

const LEADING = ["head", "deputy", "chair"];
const STANDING_IN = ["clerk", "township_officer"];
const ASSISTING = [...LEADING, "mediator", "clerk"];

interface Where {
  village: string;
  station: string | null;
}

export const state = reactive({
  me: null as Me | null,
  bootstrap: null as Bootstrap | null,
  problem: "",
  offline: false,
});

export const leads = computed(() =>
  (state.me?.roles ?? []).filter((role) => LEADING.includes(role.role)),
);

/** Whether she mediates disputes; who leads their station as well has them at its desk. */
export const mediates = computed(() =>
  (state.me?.roles ?? []).some(({ role }) => role === "mediator"),
);

/** Whether an office of hers answers for what lies there; a dispute is its mediator's, too. */
export function answersFor({ village, station }: Where, offices = [...LEADING, "mediator"]): boolean {
  return (state.me?.roles ?? []).some(
    (mine) =>
      offices.includes(mine.role) &&
      mine.village === village &&
      (mine.role === "mediator" ? station === "mediation" : [null, station].includes(mine.station)),
  );
}

/** As `answersFor`, as head or chair. */
export function leadsIt(where: Where): boolean {
  return answersFor(where, LEADING);
}

/** Whether she decides in triage where the chair must keep out of it. */
export const standsIn = computed(() =>
  (state.me?.roles ?? []).some(({ role }) => STANDING_IN.includes(role)),
);

/** Whether an office of hers lets her enter what others said, or asks her to phone them. */
export const assists = computed(() =>
  (state.me?.roles ?? []).some((role) => [...ASSISTING, "township_officer"].includes(role.role)),
);

/** Whether she is one of those who must say what has to be reported by law: officers, volunteers. */
export const reports = computed(
  () => assistedVillages.value.length > 0 || state.me?.is_volunteer === true,
);

/** Whether there is anything for her on the page of duties. */
export const onDuty = computed(
  () =>
    reports.value ||
    (state.me?.roles ?? []).some(({ role }) => ["township_officer", "admin", "county_officer"].includes(role)),
);

/** The villages of her offices of these kinds, or of her committee. */
function villagesOf(offices: string[]): Village[] {
  const units = (state.me?.roles ?? [])
    .filter((role) => offices.includes(role.role))
    .map((role) => role.village);
  const known = state.bootstrap?.villages ?? [];
  return known.filter(({ code, committee }) => units.includes(code) || units.includes(committee ?? ""));
}

/** The villages for which she may enter something. */
export const assistedVillages = computed(() => villagesOf(ASSISTING));

/** The villages whose routing rules she may read; those in which she may try and change them. */
export const ruledVillages = computed(() => villagesOf([...LEADING, "clerk"]));
export const rulingVillages = computed(() => villagesOf(["chair", "clerk"]));

/** The villages in which she heads a station, and may propose a rule. */
export const proposingVillages = computed(() => villagesOf(["head", "deputy"]));

/** Whether the person may go on to the screens, or has something to say first. */
export const ready = computed(() => state.me !== null && missing() === null);

/** The next thing that the person must say before she can be served. */
export function missing(): "privacy" | "village" | "profile" | null {
  const needs = state.me?.needs ?? [];
  return (["privacy", "village", "profile"] as const).find((need) => needs.includes(need)) ?? null;
}

/** Load what every screen needs; logs in where the platform knows the person. */
export async function wake(): Promise<void> {
  if (!state.bootstrap) await loadBootstrap();
  if (state.me) return;
  if (tokens.get()) await loadMe();
  else if (knowsThePerson()) await signIn("");
}

async function loadBootstrap(): Promise<void> {
  const bootstrap = await call<Bootstrap>("GET", "/bootstrap");
  state.bootstrap = bootstrap;
}

export async function signIn(person: string): Promise<void> {
  const code = await loginCode(person);
  tokens.set(await call<Tokens>("POST", "/auth/wechat", { code }));
  await loadMe();
}

export async function loadMe(): Promise<void> {
  try {
    state.me = await call<Me>("GET", "/me");
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
    forget();
    throw new Problem(401, "sign_in_again", words.signInAgain);
  }
}

/** Leave the phone to the next person; what was written on it goes with the one who leaves. */
export async function signOut(): Promise<void> {
  try {
    await call("POST", "/auth/logout");
  } finally {
    forget();
    uni.clearStorageSync();
  }
}

function forget(): void {
  tokens.forget();
  state.me = null;
}

/** The stations of a village: pairs of kind and name. */
export function stationsOf(village: string | null | undefined): [string, string][] {
  return Object.entries(state.bootstrap?.station_names ?? {})
    .map(([address, name]) => [...address.split("."), name])
    .filter(([code]) => code === village)
    .map(([, kind, name]) => [kind, name]);
}

export function villageName(code: string): string {
  return state.bootstrap?.villages.find((village) => village.code === code)?.name ?? code;
}

export function categoryName(code: string | null): string | undefined {
  return state.bootstrap?.categories.find((category) => category.code === code)?.name;
}

export function stationName(village: string, kind: string | null): string | undefined {
  return state.bootstrap?.station_names[`${village}.${kind}`];
}
