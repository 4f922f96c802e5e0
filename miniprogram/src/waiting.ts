/** A volunteer's yes that could not be sent: it goes out when the network is back, saying how old it is. */

import { call, Problem } from "./api";
import { serviceNow } from "./clock";
import { words } from "./words";

const STORED = "waiting-yes";

type Waiting = Record<string, string>;

const read = (): Waiting => (uni.getStorageSync(STORED) as Waiting) || {};

/** Say yes to an offer. Returns a friendly line when it cannot be, or null. */
export async function accept(offer: string): Promise<string | null> {
  return said(offer, {}, () => {
    uni.setStorageSync(STORED, { ...read(), [offer]: serviceNow().toISOString() });
    return words.yesWaits;
  });
}

/** Send every yes that waits. Returns the line to show for the last one that came too late. */
export async function sendWaiting(): Promise<string | null> {
  let line: string | null = null;
  for (const [offer, since] of Object.entries(read())) {
    const answer = await said(offer, { offline_since: since }, () => words.yesWaits);
    if (answer === words.yesWaits) return answer;
    const { [offer]: _, ...others } = read();
    uni.setStorageSync(STORED, others);
    line = answer ?? line;
  }
  return line;
}

async function said(offer: string, body: object, offline: () => string): Promise<string | null> {
  try {
    await call("POST", `/offers/${offer}/accept`, body);
    return null;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.offline) return offline();
    if (problem.status === 409) return problem.title;
    throw problem;
  }
}
