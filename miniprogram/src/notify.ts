/** Asks WeChat for leave to send messages; what the person answers is counted by the service. */

import { call } from "./api";
import { askToNotify, nonce } from "./platform";
import { state } from "./session";

/** To be called straight from a tap. No answer is as good as any: messages are always in the inbox. */
export async function askFor(moment: "on_submit" | "on_accept"): Promise<void> {
  const templates = state.bootstrap?.templates[moment] ?? [];
  const results = await askToNotify(templates).catch(() => null);
  if (results) await call("POST", "/me/subscriptions", { moment, results, client_id: nonce() });
}
