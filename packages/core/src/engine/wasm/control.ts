/*
 * Words of shared memory through which threads meet and the main thread steers them.
 */

const ARRIVED = 0;
const PHASE = 1;
const ABORT = 2;
const STOP = 3;
const BROKEN = 4;
const CLAIMED = 5;
const WORDS = 6;

export class Control {
  readonly words: Int32Array;
  readonly #threads: number;
  readonly #spin: Spin;

  /** @param spinMs how long a thread watches for the others, at most, before it sleeps */
  constructor(words: Int32Array, threads: number, spinMs: number) {
    this.words = words;
    this.#threads = threads;
    this.#spin = new Spin(spinMs);
  }

  static allocate(shared: boolean): Int32Array {
    return new Int32Array(shared ? new SharedArrayBuffer(4 * WORDS) : new ArrayBuffer(4 * WORDS));
  }

  /**
   * The number of a piece of work that no other thread does: 0, 1, 2, ... since the last barrier. Threads take what is
   * next when they are done with what they had, so that one on a slower core does less.
   */
  claim(): number {
    return Atomics.add(this.words, CLAIMED, 1);
  }

  /**
   * Waits until all threads have arrived. Claims begin anew.
   * @returns false if that will never be, because one has died
   */
  barrier(): boolean {
    const { words } = this;
    if (this.#threads === 1) {
      Atomics.store(words, CLAIMED, 0);
      return true;
    }
    const phase = Atomics.load(words, PHASE);
    // looked at after the phase, which `break` changes last: so either is seen
    if (Atomics.load(words, BROKEN) === 1) return false;
    if (Atomics.add(words, ARRIVED, 1) === this.#threads - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.store(words, CLAIMED, 0);
      Atomics.add(words, PHASE, 1);
      Atomics.notify(words, PHASE);
    } else if (!this.#spin.until(() => Atomics.load(words, PHASE) !== phase)) {
      while (Atomics.load(words, PHASE) === phase) Atomics.wait(words, PHASE, phase);
    }
    return Atomics.load(words, BROKEN) === 0;
  }

  /** From the main thread, before a job: forgets what happened in the one before. */
  reset(): void {
    for (const word of [ARRIVED, ABORT, STOP, BROKEN, CLAIMED]) Atomics.store(this.words, word, 0);
  }

  /** From the main thread: please stop after this step. */
  abort(): void {
    Atomics.store(this.words, ABORT, 1);
  }

  get aborted(): boolean {
    return Atomics.load(this.words, ABORT) === 1;
  }

  /** From the first thread, before a barrier: whether all stop at it. */
  decideStop(): void {
    Atomics.store(this.words, STOP, Atomics.load(this.words, ABORT));
  }

  get stopped(): boolean {
    return Atomics.load(this.words, STOP) === 1;
  }

  /** From the main thread, when a thread has died: wakes the others. */
  break(): void {
    Atomics.store(this.words, BROKEN, 1);
    Atomics.add(this.words, PHASE, 1);
    Atomics.notify(this.words, PHASE);
  }
}

/** After so many waits in which watching for a short time was in vain, a thread watches for the long time again. */
const RETRY = 8;

/**
 * Watching for something instead of sleeping until it has happened: to wake up takes as long as a part of a step. But
 * where other programs want the same cores it is in vain, and takes time away from the very thread that is waited for.
 * So a watch is long after one that was rewarded, and shorter and shorter after those that weren't.
 */
class Spin {
  readonly #longest: number;
  #ms: number;
  #inVain = 0;

  constructor(longest: number) {
    this.#longest = longest;
    this.#ms = longest;
  }

  /** @returns whether it has happened */
  until(happened: () => boolean): boolean {
    if (this.#longest === 0) return false;
    const end = performance.now() + (this.#inVain % RETRY === RETRY - 1 ? this.#longest : this.#ms);
    do {
      for (let k = 0; k < 100; k++) {
        if (happened()) {
          this.#inVain = 0;
          this.#ms = this.#longest;
          return true;
        }
      }
    } while (performance.now() < end);
    this.#inVain += 1;
    this.#ms = Math.max(this.#longest / 8, this.#ms / 2);
    return false;
  }
}
