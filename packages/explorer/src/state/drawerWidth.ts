/** How wide the drawer is beside the network, in pixels. */
const KEY = "unravel.drawer-width";
const USUAL = 460;
export const LEAST_WIDTH = 320;
/** Pad, answer and the network's end keep this much of the window. */
const REST = 800;

export const mostWidth = () => Math.max(LEAST_WIDTH, window.innerWidth - REST);

/** What the visitor chose at the last visit, or the usual width. */
export function keptWidth(): number {
  try {
    const kept = Number(localStorage.getItem(KEY));
    return kept >= LEAST_WIDTH ? kept : USUAL;
  } catch {
    return USUAL;
  }
}

/** The nearest width that there is room for; it is kept for the next visit. */
export function keepWidth(wanted: number): number {
  const width = Math.round(Math.min(Math.max(wanted, LEAST_WIDTH), mostWidth()));
  try {
    localStorage.setItem(KEY, String(width));
  } catch {
    // a browser that keeps nothing forgets this too
  }
  return width;
}
