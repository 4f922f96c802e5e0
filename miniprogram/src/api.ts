/** One function asks the service; a call that may have been lost can be repeated without harm. */

import { learnNow } from "./clock";
import { apiBase, nonce } from "./platform";
import type { Tokens } from "./types";
import { words } from "./words";

type Answer = Pick<UniApp.RequestSuccessCallbackResult, "statusCode" | "data">;
type Method = "GET" | "POST" | "PUT" | "DELETE";

const TIMEOUT_MS = 20_000;
const FILE_TIMEOUT_MS = 90_000;
const TOKENS = "tokens";
const KEYS = "idempotency-keys";
const TAKEN_ONCE = ["/me/phone", "/me/deletion", "/requests/claim_by_phone"];
const UNANSWERED = [401, 409, 429, 503];
const BUSY = [0, 401, 429];

/** An answer that is no success, in words that can be shown. */
export class Problem extends Error {
  readonly offline: boolean;
  /** Whether asking again would be answered the same; else the service has not decided yet. */
  readonly final: boolean;

  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(title);
    this.offline = status === 0;
    this.final = !BUSY.includes(status) && status < 500 && code !== "in_progress";
  }
}

export const tokens = {
  get: (): Tokens | null => (uni.getStorageSync(TOKENS) as Tokens) || null,
  set: (pair: Tokens): void => uni.setStorageSync(TOKENS, pair),
  forget: (): void => uni.removeStorageSync(TOKENS),
};

/**
 * Ask the service. Rejects with `Problem`, status 0 when it could not be reached. With `version`
 * a change is refused where somebody else has changed it since.
 */
export async function call<T>(
  method: Method,
  path: string,
  body?: object,
  version?: number,
): Promise<T> {
  const key = method === "POST" && !isUnkeyed(path) ? keyOf(path, body) : null;
  const marks: Record<string, string> = {
    ...(key ? { "Idempotency-Key": key } : {}),
    ...(version === undefined ? {} : { "If-Match": `"${version}"` }),
  };
  let answer = await send(method, path, body, marks);
  if (answer.statusCode === 401 && tokens.get() && (await refreshed())) {
    answer = await send(method, path, body, marks);
  }
  if (key && answer.statusCode < 500 && !UNANSWERED.includes(answer.statusCode)) {
    forgetKey(path, body);
  }
  if (answer.statusCode < 300) return answer.data as T;
  throw problem(answer);
}

/** Send a file of the phone, or one that a browser has made, and return how the service names it. Rejects with `Problem`. */
export async function sendFile(path: string, file?: File): Promise<{ id: string }> {
  let answer = await sendForm(path, file);
  if (answer.statusCode === 401 && tokens.get() && (await refreshed())) {
    answer = await sendForm(path, file);
  }
  if (answer.statusCode < 300) return answer.data as { id: string };
  throw problem(answer);
}

// A file that is sent twice is two: the one that goes with nothing is forgotten.
function sendForm(path: string, file?: File): Promise<Answer> {
  return new Promise((resolve, reject) => {
    uni.uploadFile({
      url: `${apiBase()}/files`,
      filePath: path,
      ...(file ? { file } : {}),
      name: "file",
      header: { Authorization: `Bearer ${tokens.get()?.access_token}` },
      timeout: FILE_TIMEOUT_MS,
      success: ({ statusCode, data }) => resolve({ statusCode, data: parsed(data) }),
      fail: () => reject(new Problem(0, "offline", words.offline)),
    });
  });
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}

const CHANGE_NOTHING = ["/requests/similar", "/routing/preview", "/routing/dry_run"];

// Tokens are for one use.
function isUnkeyed(path: string): boolean {
  return path.startsWith("/auth/") || TAKEN_ONCE.includes(path) || CHANGE_NOTHING.includes(path);
}

function send(
  method: Method,
  path: string,
  body: object | undefined,
  marks: Record<string, string>,
): Promise<UniApp.RequestSuccessCallbackResult> {
  const pair = tokens.get();
  const header: Record<string, string> = {
    "Content-Type": "application/json",
    ...(pair && path !== "/auth/refresh" ? { Authorization: `Bearer ${pair.access_token}` } : {}),
    ...marks,
  };
  return new Promise((resolve, reject) => {
    uni.request({
      url: apiBase() + path,
      method,
      header,
      data: method === "GET" ? undefined : JSON.stringify(body ?? {}),
      timeout: TIMEOUT_MS,
      success: (answer) => {
        learnNow(answer.header as Record<string, string>);
        resolve(answer);
      },
      fail: () => reject(new Problem(0, "offline", words.offline)),
    });
  });
}

function problem(answer: Answer): Problem {
  const body = (typeof answer.data === "object" ? answer.data : {}) as Record<string, unknown>;
  const fields = Object.values((body.errors ?? {}) as Record<string, string[]>).flat();
  const title = [body.title ?? words.failed, ...fields].join("。");
  return new Problem(answer.statusCode, String(body.code ?? answer.statusCode), title, body);
}

let refreshing: Promise<boolean> | null = null;

/** One refresh at a time, whoever asks: a refresh token is good for one use. */
function refreshed(): Promise<boolean> {
  refreshing ??= refresh().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function refresh(): Promise<boolean> {
  const answer = await send(
    "POST",
    "/auth/refresh",
    { refresh_token: tokens.get()?.refresh_token },
    {},
  );
  if (answer.statusCode >= 500 || answer.statusCode === 429) throw problem(answer);
  if (answer.statusCode >= 300) return false;
  tokens.set(answer.data as Tokens);
  return true;
}

// The same words sent twice are one wish: the key lives until the service has answered it.
function keyOf(path: string, body?: object): string {
  const keys = storedKeys();
  const wish = wishOf(path, body);
  if (!keys[wish]) uni.setStorageSync(KEYS, { ...keys, [wish]: nonce() });
  return storedKeys()[wish];
}

function forgetKey(path: string, body?: object): void {
  const { [wishOf(path, body)]: _, ...others } = storedKeys();
  uni.setStorageSync(KEYS, others);
}

function storedKeys(): Record<string, string> {
  return (uni.getStorageSync(KEYS) as Record<string, string>) || {};
}

// Told apart by a mark: what somebody wrote must not stay on a phone that others hold, too.
function wishOf(path: string, body?: object): string {
  const wish = `${path} ${JSON.stringify(body ?? {})}`;
  let [one, two] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < wish.length; at++) {
    one = Math.imul(one ^ wish.charCodeAt(at), 0x01000193);
    two = Math.imul(two ^ wish.charCodeAt(at), 0x85ebca6b);
  }
  return `${(one >>> 0).toString(36)}-${(two >>> 0).toString(36)}-${wish.length}`;
}
