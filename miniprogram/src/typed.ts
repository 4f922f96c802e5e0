/** What was typed: uni-app's input events carry it in `detail`, on every platform. */
export function typed(event: Event): string {
  return (event as unknown as { detail: { value: string } }).detail.value;
}
