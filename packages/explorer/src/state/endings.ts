/** What there is of a training when the worker that did it ends. */
export interface Left {
  /** Steps that its last report came after; undefined: it hadn't begun. */
  readonly reached: number | undefined;
  /** Steps that what is kept of it came after; undefined: nothing is. */
  readonly kept: number | undefined;
}

/** What a visitor is told when the worker that trains has ended by itself: what happened, what is left, and what to do. */
export function endingOf(message: string, { reached, kept }: Left): string {
  const cause = causeOf(message);
  if (kept !== undefined) {
    return `The training stopped (${cause}), but what was learnt up to step ${kept} is kept: Play goes on from there.`;
  }
  if (reached !== undefined) {
    return `The training stopped after step ${reached} (${cause}), before any of it was kept: Play begins it anew.`;
  }
  return `The training could not be started (${cause}): Play tries it again; if that doesn't help, reload the page.`;
}

/** What is told of another worker that has ended by itself; without a message its file was never read. */
export function lostWorker(does: string, { message }: { readonly message?: string | undefined }): string {
  const what = message ? `ended (${causeOf(message)})` : "could not be loaded";
  return `The worker that ${does} ${what}: try again; if that doesn't help, reload the page.`;
}

/** The first sentence, without the stop at its end. */
const causeOf = (message: string) => message.replace(/[.;](\s.*)?$/s, "");
