/*
 * Threads share memory only on pages that two headers isolate. Where a server doesn't send them, as on GitHub Pages, the
 * page's service worker adds them: to what is loaded after it has begun. So the first visit loads the page once more, unless
 * the visitor has touched it by then; later visits needn't. Where there is no service worker, as in some private windows, the
 * page goes on as it is.
 */

/** In this tab: `now` while the page loads itself again, `once` ever after. */
const KEY = "unravel isolation";

/** Whether the page loaded itself again, rather than its visitor. */
export const loadedItself: boolean = takeMark();

/** Loads the page again if that isolates it, once in a tab at most, and never after the visitor's hand was on it. */
export async function isolate(): Promise<void> {
  const { serviceWorker } = navigator;
  // Whoever came through a service worker and isn't isolated won't be next time either; nor is a page in another's frame.
  if (crossOriginIsolated || serviceWorker.controller || window.top !== window || mark() !== "") return;
  const touched = new AbortController();
  for (const name of ["pointerdown", "keydown", "dragenter", "paste"]) {
    addEventListener(name, () => touched.abort(), { capture: true, once: true, signal: touched.signal });
  }
  await serviceWorker.ready;
  if (touched.signal.aborted || mark("now") !== "now") return;
  location.reload();
}

/** What this tab remembers, or is to remember from now on; where it can't, `denied`: then nothing would end a loop. */
function mark(word?: "now" | "once"): string {
  try {
    if (word !== undefined) sessionStorage.setItem(KEY, word);
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "denied";
  }
}

function takeMark(): boolean {
  const isOwn = mark() === "now";
  if (isOwn) mark("once");
  return isOwn;
}
