/** What the service says of a draft while it is being written. */

import { onUnmounted, watch } from "vue";

import { Problem } from "./api";
import type { Draft } from "./draft";
import { screen } from "./emergency";
import { state } from "./session";

const PAUSE_MS = 1200;
const SHORTEST = 6;

/**
 * Ask when typing has paused and show the answer; what is asked while she types on is out of date
 * when it comes. Words of danger have a card of their own. A hint is no errand: without a network
 * or an answer she simply sends what she wrote.
 */
export function useHint<T>(
  draft: Draft,
  ask: (body: object) => Promise<T>,
  show: (found: T | null) => void,
): void {
  let pause: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  watch(
    () => [draft.text, draft.place, draft.category],
    () => {
      clearTimeout(pause);
      asked += 1;
      show(null);
      pause = setTimeout(() => void look(asked), PAUSE_MS);
    },
    { immediate: true },
  );
  onUnmounted(() => clearTimeout(pause));

  async function look(mine: number): Promise<void> {
    const text = draft.text.trim();
    if (text.length < SHORTEST || !state.me?.village || screen(text)) return;
    try {
      const found = await ask(body(draft, text));
      if (mine === asked) show(found);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
    }
  }
}

function body(draft: Draft, text: string): object {
  const place = draft.place.trim();
  return {
    village: state.me?.village,
    text,
    category: draft.category || null,
    place: place ? { name: place } : null,
  };
}
