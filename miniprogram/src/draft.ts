/** What a villager has begun to say: it outlives a closed page and a lost network. */

import { reactive, watch } from "vue";


export interface Draft {
  text: string;
  place: string;
  category: string;
}

const EMPTY: Draft = { text: "", place: "", category: "" };

/** The draft of this name as it was left; every change is stored at once. */
export function useDraft(stored = "draft"): Draft {
  const draft = reactive<Draft>({ ...EMPTY, ...(uni.getStorageSync(stored) || {}) });
  watch(draft, (now) => uni.setStorageSync(stored, { ...now }));
  return draft;
}

/** Nothing of what was written stays on the phone. */
export function forgetDraft(): void {
  uni.removeStorageSync(STORED);
}

export function emptied(draft: Draft): void {
  Object.assign(draft, EMPTY);
}
