/**
 * Long work on a thread that has to listen, in slices: between them timers, messages, signals and aborts are heard.
 */
export class Slices {
  readonly #signal: AbortSignal | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
  }

  /**
   * Call between steps: true if the slice was over and others have had their turn.
   * @throws what the signal was aborted with
   */
  async rest(): Promise<boolean> {
    if (performance.now() < end) return false;
    await turnOfOthers();
    this.#signal?.throwIfAborted();
    end = performance.now() + SLICE_MS;
    return true;
  }
}

/**
 * When the present slice ends. There is one for all work on this thread: many pieces that are each shorter than a slice,
 * one after the other, would otherwise never be interrupted.
 */
let end = 0;

/** A little less than 30, because a slice ends after the step that exceeds it. */
const SLICE_MS = 25;

/**
 * Resolves when whatever waits for this thread has had its turn. Browsers delay timers by 4 ms at least, and by a second on
 * hidden pages, so there the thread sends a message to itself.
 */
function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    waiting.push(resolve);
    channel ??= openChannel();
    channel.postMessage(null);
  });
}

const waiting: (() => void)[] = [];
let channel: MessagePort | undefined;

function openChannel(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return port2;
}
