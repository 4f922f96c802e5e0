/** The phone's recorder: WeChat's, or the browser's. One recording at a time. */

export const MOST_SECONDS = 60;

/** A voice on the phone: where it lies, and in a browser its content. */
export interface Recording {
  path: string;
  file?: File;
  seconds: number;
}

/** What a running recording tells: how it ended (null: not at all), once. */
type Ended = (recording: Recording | null) => void;

// AAC first: every phone plays it.
const KINDS = ["audio/mp4;codecs=mp4a.40.2", "audio/webm;codecs=opus"];
const BITS_PER_SECOND = 32_000;
const STOP_AFTER_MS = MOST_SECONDS * 1000 - 200; // a recorder needs a moment to stop

/** Whether this phone can record. */
export function canRecord(): boolean {
  // #ifdef MP-WEIXIN
  return true;
  // #endif
  // #ifdef H5
  return kind() !== undefined && navigator.mediaDevices !== undefined;
  // #endif
}

/** Begin to record. Returns what ends it; rejects where she does not let it use the microphone. */
export function record(ended: Ended): Promise<() => void> {
  // #ifdef MP-WEIXIN
  return byWeChat(ended);
  // #endif
  // #ifdef H5
  return byBrowser(ended);
  // #endif
}

// #ifdef MP-WEIXIN
// WeChat has one recorder, and adds listeners: the newest recording is the one that is spoken of.
let now: { started: () => void; refused: (why: unknown) => void; ended: Ended } | null = null;
let recorder: UniApp.RecorderManager | null = null;

function byWeChat(ended: Ended): Promise<() => void> {
  return new Promise((started, refused) => {
    const mine = weChats();
    now = { started: () => started(() => mine.stop()), refused, ended };
    mine.start({
      duration: MOST_SECONDS * 1000,
      sampleRate: 16_000,
      numberOfChannels: 1,
      encodeBitRate: BITS_PER_SECOND,
      format: "mp3",
    });
  });
}

function weChats(): UniApp.RecorderManager {
  if (recorder) return recorder;
  recorder = uni.getRecorderManager();
  recorder.onStart(() => now?.started());
  recorder.onStop((result: unknown) => {
    const { tempFilePath, duration } = result as { tempFilePath: string; duration: number };
    now?.ended({ path: tempFilePath, seconds: secondsOf(duration) });
  });
  const mine = recorder;
  recorder.onPause(() => mine.stop()); // a call comes in: what was said until then is kept
  recorder.onError((why: unknown) => {
    now?.refused(why);
    now?.ended(null);
  });
  return recorder;
}
// #endif

// #ifdef H5
function kind(): string | undefined {
  if (typeof MediaRecorder === "undefined") return undefined;
  return KINDS.find((one) => MediaRecorder.isTypeSupported(one));
}

async function byBrowser(ended: Ended): Promise<() => void> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const options = { mimeType: kind(), audioBitsPerSecond: BITS_PER_SECOND };
  const recorder = new MediaRecorder(stream, options);
  const parts: Blob[] = [];
  const began = Date.now();
  const stop = () => recorder.state === "inactive" || recorder.stop();
  const timer = setTimeout(stop, STOP_AFTER_MS);
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.onstop = () => {
    clearTimeout(timer);
    for (const track of stream.getTracks()) track.stop();
    const file = new File(parts, "voice");
    const seconds = secondsOf(Date.now() - began);
    ended(file.size ? { path: URL.createObjectURL(file), file, seconds } : null);
  };
  recorder.start();
  return stop;
}
// #endif

function secondsOf(ms: number): number {
  return Math.min(Math.max(Math.round(ms / 1000), 1), MOST_SECONDS);
}
