/** A volunteer's yes that could not be sent: it goes out when the network is back, saying how old it is. */

import { call, Problem } from "./api";
import { serviceNow } from "./clock";
import { state } from "./session";
import { words } from "./words";

/** By offer: since when it waits. */
type Waiting = Record<string, string>;

// On a phone that several hold, each finds what she herself has said.
const stored = (): string => `waiting-yes-${state.me?.id}`;
const read = (): Waiting => (uni.getStorageSync(stored()) as Waiting) || {};

/** Say yes to an offer. Returns a friendly line when it cannot be, or null. */
export async function accept(offer: string): Promise<string | null> {
  try {
    await call("POST", `/offers/${offer}/accept`);
    return null;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 409) return problem.title;
    if (!problem.offline) throw problem;
    uni.setStorageSync(stored(), { ...read(), [offer]: serviceNow().toISOString() });
    return words.yesWaits;
  }
}

/**
 * Send every yes that waits; what the service has answered waits no longer, whatever the answer.
 * Returns the line to show for the last one that could not be, or that still waits. Never rejects
 * with a `Problem`: what she can do now is not to be held up by what she said before.
 */
export async function sendWaiting(): Promise<string | null> {
  let line: string | null = null;
  for (const [offer, offline_since] of Object.entries(read())) {
    try {
      await call("POST", `/offers/${offer}/accept`, { offline_since });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!problem.final) return words.yesWaits;
      line = words.yesRefused + problem.title;
    }
    const { [offer]: _, ...others } = read();
    uni.setStorageSync(stored(), others);
  }
  return line;
}
