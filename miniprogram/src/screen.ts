/** The life of a screen: load when shown, look again now and then, show what went wrong. */

import { onHide, onPullDownRefresh, onShow, onUnload } from "@dcloudio/uni-app";
import { reactive, watch } from "vue";

import { Problem } from "./api";
import { ready, state, wake } from "./session";

const LOOK_AGAIN_MS = 10_000;

/** Keep a screen's content fresh while it is shown. Returns a function that loads it now. */
export function useScreen(load: () => Promise<void>): () => Promise<void> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const look = async () => {
    await quietly(async () => {
      await wake();
      if (ready.value) await load();
    });
  };
  const stop = () => clearInterval(timer);
  onShow(() => {
    stop();
    timer = setInterval(look, LOOK_AGAIN_MS);
    void look();
  });
  onHide(stop);
  onUnload(stop);
  onPullDownRefresh(() => void look().then(() => uni.stopPullDownRefresh()));
  watch(ready, (now) => now && void look());
  return look;
}

// Looking again is not worth a banner when the network is gone: a line says that the content is old.
async function quietly(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    state.offline = false;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.offline) state.offline = true;
    else state.problem = problem.title;
  }
}

/** What a tap does: one at a time per button name, its failure said in words. */
export function useTaps() {
  const busy = reactive({ name: "" });
  const tap = async (name: string, work: () => Promise<unknown>): Promise<boolean> => {
    if (busy.name) return false;
    busy.name = name;
    state.problem = "";
    try {
      await work();
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      state.problem = problem.title;
      return false;
    } finally {
      busy.name = "";
    }
  };
  return { busy, tap };
}
