/** Nothing was heard for so long. */
export interface Silence {
  readonly seconds: number;
  /** How many there were, one after the other. */
  readonly count: number;
}

/** Notices that something that was asked for does not begin. */
export class Watchdog {
  /** What is to begin. */
  readonly name: string;
  readonly #limitMs: number;
  readonly #onSilence: (silence: Silence) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silences = 0;

  /** @param limitMs how long nothing may be heard; twice as long after each silence, because a machine may be slow */
  constructor(name: string, limitMs: number, onSilence: (silence: Silence) => void) {
    this.name = name;
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
  }

  /** It was asked for: from now on something should be heard. */
  expect(): void {
    this.rest();
    const limit = this.#limitMs * 2 ** this.#silences;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#silences += 1;
      this.#onSilence({ seconds: limit / 1000, count: this.#silences });
    }, limit);
  }

  /** A sign of life. */
  heard(): void {
    if (this.#timer !== undefined) this.expect();
  }

  /** For now there is nothing to be heard. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** It has begun, or nobody waits for it any more. */
  done(): void {
    this.rest();
    this.#silences = 0;
  }
}
