/**
 * Long work on the main thread, in slices: between them timers, signals and aborts are heard.
 */
export class Slices {
  readonly #signal: AbortSignal | undefined;
  #end = performance.now() + SLICE_MS;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  /**
   * Call between steps: true if the slice was over and others have had their turn.
   * @throws what the signal was aborted with
   */
  async rest(): Promise<boolean> {
    if (performance.now() < this.#end) return false;
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#signal?.throwIfAborted();
    this.#end = performance.now() + SLICE_MS;
    return true;
  }
}

const SLICE_MS = 30;
