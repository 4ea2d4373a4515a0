import type { Page } from "playwright-core";
import { vi } from "vitest";

/* What the browser keeps of a training. */

/** The step of the training that the browser keeps, and whether it was running; `change` changes it first. */
export function look(
  page: Page,
  change?: "version" | "damage",
): Promise<{ steps: number; running: boolean }> {
  return page.evaluate(async (change) => {
    const done = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open("unravel"));
    const store = database.transaction("kept", "readwrite").objectStore("kept");
    const found = await done(store.get("training"));
    if (change === "version") found.version = 0;
    if (change === "damage") found.saved.training.memory = [{}, {}];
    if (change) await done(store.put(found, "training"));
    database.close();
    return { steps: found?.saved.training.steps ?? -1, running: found?.running ?? false };
  }, change);
}

/** Waits until a training is kept that has come so far. */
export async function kept(page: Page, least: number, running: boolean): Promise<void> {
  await vi.waitUntil(
    async () => {
      const found = await look(page);
      return found.steps >= least && found.running === running;
    },
    // a machine that is busy takes longer; all that is kept is read each time
    { timeout: 60_000, interval: 250 },
  );
}
