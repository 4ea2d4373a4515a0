import type { Drawer } from "./state/drawer.svelte.js";
import type { Explorer } from "./state/explorer.svelte.js";

/** What keys do anywhere on the page, for the help. */
export const keyList: readonly (readonly [keys: string, what: string])[] = [
  ["← ↑ → ↓", "move the selected cell"],
  ["Page up, Page down", "the same place in the next map"],
  ["Enter", "follow the largest term to its own cell"],
  ["Backspace", "go back"],
  ["F, B", "forward, backward"],
  ["0 to 9", "put a sample digit on the pad"],
  ["Z", "undo the last stroke"],
  ["Space", "train the network, and pause"],
  ["?", "this list"],
];

const arrows: Record<string, { rows?: number; columns?: number; planes?: number }> = {
  ArrowUp: { rows: -1 },
  ArrowDown: { rows: 1 },
  ArrowLeft: { columns: -1 },
  ArrowRight: { columns: 1 },
  PageUp: { planes: -1 },
  PageDown: { planes: 1 },
};

/** Keys mean something where no control wants them for itself. */
export function pressed(event: KeyboardEvent, explorer: Explorer, drawer: Drawer, help: () => void): void {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !explorer.ready) return;
  const element = target instanceof HTMLElement ? target : document.body;
  if (element.closest("dialog, input, select, textarea, summary")) return;
  const isPicture = element.closest("[data-picture]") !== null;
  const act = (work: () => void) => {
    event.preventDefault();
    work();
  };
  if (Object.hasOwn(arrows, key) && (isPicture || element === document.body))
    act(() => explorer.move(arrows[key]));
  else if (key === "Enter" && !element.closest("button, a")) act(() => explorer.followLargest());
  else if (key === "Backspace") act(() => explorer.goBack());
  else if (key === "f" || key === "F") act(() => explorer.setPass("forward"));
  else if (key === "b" || key === "B") act(() => explorer.setPass("backward"));
  else if (key === "z" || key === "Z") act(() => explorer.undo());
  else if (key === "?") act(help);
  else if (key === " " && !element.closest("button, a")) act(() => void drawer.playOrPause());
  else if (/^\d$/.test(key) && explorer.digits.includes(Number(key))) act(() => explorer.choose(Number(key)));
}
