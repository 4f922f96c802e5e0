/** Pictures: chosen on the phone, sent by themselves, and named with what is said. */

export const MOST_PICTURES = 6;

/** A picture or a voice of a request, as its reader is shown it. */
export interface Shown {
  id: string;
  kind: "picture" | "voice";
  seconds: number | null;
  part: "asked" | "done";
  url: string;
}

/** Let somebody take or choose pictures; none where she changed her mind. */
export function choosePictures(most: number): Promise<string[]> {
  return new Promise((resolve) => {
    uni.chooseImage({
      count: most,
      sizeType: ["compressed"],
      sourceType: ["camera", "album"],
      success: ({ tempFilePaths }) => resolve([tempFilePaths].flat()),
      fail: () => resolve([]),
    });
  });
}

/** The ids in what a field holds. */
export function idsIn(value: string | number | undefined): string[] {
  return `${value ?? ""}`.split(",").filter(Boolean);
}
