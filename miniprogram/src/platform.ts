/** What WeChat and a browser do differently. */

const AWAY = "/pages/away/away";

/** Where the API is: the mini-program is built for one address, the H5 page asks where it came from. */
export function apiBase(): string {
  let host = "";
  // #ifdef MP-WEIXIN
  host = import.meta.env.VITE_API_HOST ?? "";
  // #endif
  return `${host}/api/v1`;
}

/** Where a file of the service is, for an image that sends no token; a bare path would be the page's own. */
export function addressOf(url: string): string {
  let host = "";
  // #ifdef MP-WEIXIN
  host = import.meta.env.VITE_API_HOST ?? "";
  // #endif
  // #ifdef H5
  host = window.location.origin;
  // #endif
  return host + url;
}

/** A one-time login code; in a browser only the demo's people can log in, by their code. */
export async function loginCode(person: string): Promise<string> {
  // #ifdef MP-WEIXIN
  const { code } = await uni.login({ provider: "weixin" });
  return code;
  // #endif
  // #ifdef H5
  return `demo.demo-${person}.${nonce()}`;
  // #endif
}

/** Whether the platform knows who holds the phone, so that nobody has to be picked. */
export function knowsThePerson(): boolean {
  // #ifdef MP-WEIXIN
  return true;
  // #endif
  // #ifdef H5
  return false;
  // #endif
}

/** Ask for one message per template; to be called straight from a tap. Null where there is no such thing. */
export async function askToNotify(templates: string[]): Promise<Record<string, string> | null> {
  // #ifdef MP-WEIXIN
  if (templates.length) {
    const answer = await uni.requestSubscribeMessage({ tmplIds: templates.slice(0, 3) });
    const results = answer as unknown as Record<string, string>;
    return Object.fromEntries(templates.filter((id) => id in results).map((id) => [id, results[id]]));
  }
  // #endif
  return null;
}

/** Leave the screen at once: the mini-program closes, a browser shows a page that says nothing. */
export function leaveQuickly(): void {
  // #ifdef MP-WEIXIN
  uni.exitMiniProgram({ fail: () => uni.reLaunch({ url: AWAY }) });
  // #endif
  // #ifdef H5
  uni.reLaunch({ url: AWAY });
  // #endif
}

/** Random characters for keys and nonces; uniqueness is all that is asked of them. */
export function nonce(): string {
  const part = () => Math.random().toString(36).slice(2, 12);
  return `${Date.now().toString(36)}-${part()}${part()}`;
}

/** Whether this phone or computer can print a page. */
export function canPrint(): boolean {
  // #ifdef MP-WEIXIN
  return false;
  // #endif
  // #ifdef H5
  return true;
  // #endif
}

/** Print a whole page that the service has made; to be called straight from a tap. */
export function printPage(html: string): void {
  // #ifdef H5
  const page = window.open("", "_blank");
  if (!page) return;
  page.document.write(html);
  page.document.close();
  page.print();
  // #endif
}

/** Whether a file can be kept where its owner finds it again. */
export function savesFiles(): boolean {
  // #ifdef MP-WEIXIN
  return false;
  // #endif
  // #ifdef H5
  return true;
  // #endif
}

/** Keep what the service answers as a file; with her token, so that no link to it exists. */
export async function saveFile(path: string, name: string): Promise<void> {
  // #ifdef H5
  const { tokens } = await import("./api");
  const headers = { Authorization: `Bearer ${tokens.get()?.access_token}` };
  const answer = await fetch(apiBase() + path, { headers });
  if (!answer.ok) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  // #endif
}
