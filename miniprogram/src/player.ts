/** Playing a voice: one at a time on the whole phone. */

import { ref } from "vue";

/** What is being played now, by its address. */
export const playing = ref("");

let context: UniApp.InnerAudioContext | null = null;

/** Play a voice from its beginning; `failed` where this phone cannot. */
export function play(address: string, failed: () => void): void {
  stopPlaying();
  // #ifdef MP-WEIXIN
  // A phone that is switched to silent is what an old person's often is.
  uni.setInnerAudioOption({ obeyMuteSwitch: false });
  // #endif
  const mine = uni.createInnerAudioContext();
  context = mine;
  playing.value = address;
  mine.onEnded(() => mine === context && stopPlaying());
  mine.onError(() => {
    if (mine !== context) return;
    stopPlaying();
    failed();
  });
  mine.src = address;
  mine.play();
}

export function stopPlaying(): void {
  const last = context;
  context = null;
  playing.value = "";
  last?.destroy();
}
