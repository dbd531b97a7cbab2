/** Progress of a run on a terminal: one line, which is gone when there is a result. */

import type { Progress } from "./run.js";

/** The shortest time between two lines, in milliseconds. */
const PAUSE = 100;
const CLEAR = "\r\u001b[K";

/** A line on a terminal. */
export interface ProgressLine {
  /** Tells of a run. */
  show(progress: Progress): void;
  /** Clears the line. */
  end(): void;
}

/**
 * Makes a line.
 *
 * @param write writes to the terminal
 * @param now tells the time in milliseconds
 */
export function progressLine(write: (text: string) => void, now: () => number): ProgressLine {
  let last = Number.NEGATIVE_INFINITY;
  return {
    show(progress) {
      const time = now();
      if (time - last < PAUSE) return;
      last = time;
      write(CLEAR + textOf(progress));
    },
    end() {
      if (last !== Number.NEGATIVE_INFINITY) write(CLEAR);
    },
  };
}

function textOf({ reading, read, size }: Progress): string {
  if (size === undefined) return `playing, ${(read / 1e6).toFixed(1)} mb read`;
  const percent = size === 0 ? 100 : Math.floor((100 * read) / size);
  return `${reading === 1 ? "reading" : "playing"} ${Math.min(percent, 100)} %`;
}
