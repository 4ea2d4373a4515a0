import { tabs } from "./components/drawer/tabs.js";
import type { Drawer } from "./state/drawer.svelte.js";
import type { Explorer } from "./state/explorer.svelte.js";
import { present } from "./state/present.svelte.js";

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
  ["T", "go to the tabs"],
  [", and .", "open the tab before, the next one"],
  ["P", "present: large, for a class; P or Escape ends it"],
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

/** What keys act on. */
interface Page {
  readonly explorer: Explorer;
  readonly drawer: Drawer;
  readonly help: () => void;
}

/** Keys that mean the same wherever the focus is; letters as small ones. */
const anywhere: Readonly<Record<string, (page: Page) => void>> = {
  Backspace: ({ explorer }) => explorer.goBack(),
  f: ({ explorer }) => explorer.setPass("forward"),
  b: ({ explorer }) => explorer.setPass("backward"),
  z: ({ explorer }) => explorer.undo(),
  t: () => document.querySelector<HTMLElement>('[role="tab"][tabindex="0"]')?.focus(),
  ",": ({ drawer }) => turn(drawer, -1),
  ".": ({ drawer }) => turn(drawer, 1),
  p: () => present.toggle(),
  "?": ({ help }) => help(),
};

/** Opens the next tab, or the one before; from none the first, or the last. */
function turn(drawer: Drawer, by: 1 | -1): void {
  const open = tabs.findIndex(({ id }) => id === drawer.tab);
  const next = open < 0 && by < 0 ? tabs.length - 1 : (open + by + tabs.length) % tabs.length;
  drawer.tab = tabs[next].id;
}

/** Keys mean something where no control wants them for itself. */
export function pressed(event: KeyboardEvent, page: Page): void {
  const { explorer, drawer } = page;
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !explorer.ready) return;
  const element = target instanceof HTMLElement ? target : document.body;
  if (element.closest("dialog, input, select, textarea, summary")) return;
  const isPicture = element.closest("[data-picture]") !== null;
  const isControl = element.closest("button, a, [role=separator]") !== null;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  const act = (work: () => void) => {
    event.preventDefault();
    work();
  };
  if (Object.hasOwn(arrows, key) && (isPicture || element === document.body))
    act(() => explorer.move(arrows[key]));
  else if (key === "Enter" && !isControl) act(() => explorer.followLargest());
  else if (key === " " && !isControl) act(() => void drawer.playOrPause());
  else if (key === "Escape" && present.isOn) act(() => present.leave());
  else if (/^\d$/.test(key) && explorer.digits.includes(Number(key))) act(() => explorer.choose(Number(key)));
  else if (Object.hasOwn(anywhere, letter)) act(() => anywhere[letter](page));
}
