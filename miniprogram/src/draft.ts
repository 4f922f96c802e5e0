/** What a villager has begun to say: it outlives a closed page and a lost network. */

import { reactive, watch } from "vue";

const OWN = "draft";
const FOR_ANOTHER = "draft-for-another";

export interface Draft {
  text: string;
  place: string;
  category: string;
  /** Ids of pictures that were sent already, with commas between. */
  pictures: string;
  /** Id of a voice that was sent already. */
  voice: string;
}

const EMPTY: Draft = { text: "", place: "", category: "", pictures: "", voice: "" };

/** What she has begun to say for herself, or for another, as it was left; stored at once. */
export function useDraft(forAnother = false): Draft {
  const stored = forAnother ? FOR_ANOTHER : OWN;
  const draft = reactive<Draft>({ ...EMPTY, ...(uni.getStorageSync(stored) || {}) });
  watch(draft, (now) => uni.setStorageSync(stored, { ...now }));
  return draft;
}

/** Nothing of what was written stays on the phone. */
export function forgetDraft(): void {
  for (const stored of [OWN, FOR_ANOTHER]) uni.removeStorageSync(stored);
}

export function emptied(draft: Draft): void {
  Object.assign(draft, EMPTY);
}
