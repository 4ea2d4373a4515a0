import type { WriteStream } from "node:tty";
import { outputLine, printLines } from "./output.js";

/** What a line of progress shows. */
export interface ProgressLine {
  /** Before the bar: `Epoch 1/3`. */
  readonly title: string;
  /** In [0, 1]. */
  readonly share: number;
  /** After the bar, most important first: what doesn't fit is left out. */
  readonly details: readonly string[];
}

/**
 * Progress on a stream: a bar that is drawn again in place on a terminal that can; elsewhere a plain line now and then.
 */
export class Progress {
  readonly #stream: WriteStream;
  readonly #quiet: boolean;
  /** Whether a line can be drawn again in place. */
  readonly #inPlace: boolean;
  #drawn = false;
  #next = 0;

  constructor(stream: WriteStream, quiet: boolean, env: NodeJS.ProcessEnv = process.env) {
    this.#stream = stream;
    this.#quiet = quiet;
    this.#inPlace = stream.isTTY === true && env.TERM !== "dumb";
    // the first plain line only after a while: short work needs none
    if (!this.#inPlace) this.#next = performance.now() + PLAIN_INTERVAL_MS;
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#quiet) return;
    this.clear();
    printLines([line], this.#stream);
  }

  /** A line that the next one replaces; where that can't be done at most one in ten seconds. */
  show(line: ProgressLine): void {
    if (this.#quiet || performance.now() < this.#next) return;
    if (this.#inPlace) {
      this.#next = performance.now() + BAR_INTERVAL_MS;
      this.#stream.write(`${CLEAR_LINE}${outputLine(bar(line, (this.#stream.columns || 80) - ROOM))}`);
      this.#drawn = true;
    } else {
      this.#next = performance.now() + PLAIN_INTERVAL_MS;
      const { title, share, details } = line;
      printLines([[title, `${Math.floor(100 * share)}%`, ...details].join("  ")], this.#stream);
    }
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn) this.#stream.write(CLEAR_LINE);
    this.#drawn = false;
    if (this.#inPlace) this.#next = 0;
  }
}

/** Goes to the beginning of the line and empties it. */
const CLEAR_LINE = "\r\x1b[K";

/** Columns that stay free after the bar: a terminal writes `^C` there, and what wraps can't be drawn over. */
const ROOM = 3;

const BAR_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 10_000;

/** `Epoch 1/3 [#######-------]  52%  loss 0.3412  ...` in at most `width` columns. */
export function bar({ title, share, details }: ProgressLine, width: number): string {
  const percentage = `${Math.floor(100 * share)}%`.padStart(4);
  const kept = [...details];
  const used = () => [`${title} []${percentage}`, ...kept].join("  ").length;
  while (kept.length > 0 && used() + SHORTEST_BAR > width) kept.pop();
  const length = Math.max(0, Math.min(LONGEST_BAR, width - used()));
  const filled = Math.round(share * length);
  return [`${title} [${"#".repeat(filled)}${"-".repeat(length - filled)}]${percentage}`, ...kept]
    .join("  ")
    .slice(0, width);
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;
