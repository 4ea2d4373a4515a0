import type { Attachment } from "svelte/attachments";

/** Keys, and how many places of a list they go on; `row` is how many stand beside each other. */
const steps: Readonly<Record<string, (row: number) => number>> = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (row) => -row,
  ArrowDown: (row) => row,
  Home: () => -Infinity,
  End: () => Infinity,
};

/**
 * Makes the buttons in an element one stop of the Tab key: arrow keys, Home and End go from one to the next. The stop is the one
 * that had the focus last, else the one that is pressed, else the first.
 */
export const oneStop: Attachment<HTMLElement> = (list) => {
  let last: HTMLElement | undefined;
  const buttons = () => [...list.querySelectorAll<HTMLElement>("button")];

  function settle() {
    const all = buttons();
    const stop =
      (last && all.includes(last) ? last : undefined) ??
      all.find((one) => one.getAttribute("aria-pressed") === "true") ??
      all[0];
    for (const one of all) {
      const tabIndex = one === stop ? 0 : -1;
      if (one.tabIndex !== tabIndex) one.tabIndex = tabIndex;
    }
  }
  function focused(event: FocusEvent) {
    last = (event.target as HTMLElement).closest("button") ?? undefined;
    settle();
  }
  function pressed(event: KeyboardEvent) {
    const all = buttons();
    const at = all.indexOf(event.target as HTMLElement);
    if (at < 0 || !Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(Math.max(at + steps[event.key](rowOf(all)), 0), all.length - 1);
    all[next].focus();
  }

  list.addEventListener("focusin", focused);
  list.addEventListener("keydown", pressed);
  const changes = new MutationObserver(settle);
  changes.observe(list, { childList: true, subtree: true, attributeFilter: ["aria-pressed"] });
  settle();
  return () => {
    changes.disconnect();
    list.removeEventListener("focusin", focused);
    list.removeEventListener("keydown", pressed);
  };
};

/** How many of these stand in the first row. */
function rowOf(all: readonly HTMLElement[]): number {
  const { bottom } = all[0].getBoundingClientRect();
  const next = all.findIndex((one) => one.getBoundingClientRect().top >= bottom);
  return next < 0 ? 1 : next;
}
