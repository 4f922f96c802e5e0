/** A volunteer's yes that could not be sent: it goes out when the network is back, saying how old it is. */

import { call, Problem } from "./api";
import { serviceNow } from "./clock";
import { state } from "./session";
import { words } from "./words";

/** What is sent with a yes: when she will be there, and since when it waited. */
interface Yes {
  arrival?: string;
  offline_since?: string;
}

/** By offer. */
type Waiting = Record<string, Yes>;

/** A friendly line where it cannot be, and whether she may step in for others. */
export interface Answer {
  line: string | null;
  reserve: boolean;
}

// On a phone that several hold, each finds what she herself has said.
const stored = (): string => `waiting-yes-${state.me?.id}`;
const read = (): Waiting => (uni.getStorageSync(stored()) as Waiting) || {};

/** Say yes to an offer, and perhaps when she will be there; without a network it waits. */
export async function accept(offer: string, yes: Yes = {}): Promise<Answer> {
  try {
    await call("POST", `/offers/${offer}/accept`, yes);
    return { line: null, reserve: false };
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 409) return { line: problem.title, reserve: mayStandBy(problem) };
    if (!problem.offline) throw problem;
    const waits = { ...yes, offline_since: serviceNow().toISOString() };
    uni.setStorageSync(stored(), { ...read(), [offer]: waits });
    return { line: words.yesWaits, reserve: false };
  }
}

function mayStandBy({ body }: Problem): boolean {
  return ((body.allowed_actions ?? []) as string[]).includes("stand_by");
}

/**
 * Send every yes that waits; what the service has answered waits no longer, whatever the answer.
 * Returns the line to show for the last one that could not be, or that still waits. Never rejects
 * with a `Problem`: what she can do now is not to be held up by what she said before.
 */
export async function sendWaiting(): Promise<string | null> {
  let line: string | null = null;
  for (const [offer, yes] of Object.entries(read())) {
    try {
      await call("POST", `/offers/${offer}/accept`, yes);
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
