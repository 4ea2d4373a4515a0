interface Listeners<Event extends readonly unknown[]> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((...event: Event) => void) | undefined;
}

/**
 * Runs work that reports its progress. If a listener throws, or returns a promise that rejects, the work is aborted and
 * rejects with that error. So an exception in `onProgress` always reaches the caller who asked for the work, and never a
 * timer or an event handler, where it would end the process.
 * @param work ends soon, and rejects, if its signal is aborted
 */
export async function listening<Event extends readonly unknown[], Result>(
  { signal, onProgress }: Listeners<Event>,
  work: (listeners: Listeners<Event>) => Promise<Result>,
): Promise<Result> {
  if (onProgress === undefined) return work({ signal });
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  const fail = (error: unknown) => controller.abort(error);
  const answers = new Set<Promise<unknown>>();
  try {
    const result = await work({
      signal: controller.signal,
      onProgress: (...event) => {
        if (controller.signal.aborted) return;
        try {
          const answer: unknown = onProgress(...event);
          if (!(answer instanceof Promise)) return;
          const heard = answer.catch(fail).finally(() => answers.delete(heard));
          answers.add(heard);
        } catch (error) {
          fail(error);
        }
      },
    });
    await Promise.all(answers);
    controller.signal.throwIfAborted();
    return result;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * Runs work with a signal that is aborted when one of these is. (`AbortSignal.any` is missing in browsers that this library
 * runs in.)
 */
export async function withAnyOf<Result>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  for (const signal of signals) {
    if (signal?.aborted) controller.abort(signal.reason);
    signal?.addEventListener("abort", abort);
  }
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) signal?.removeEventListener("abort", abort);
  }
}
