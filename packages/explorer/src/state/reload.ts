import { loadedItself } from "../isolation.js";

/** Whether this page was there before, and its visitor loaded it again. */
export function isReload(): boolean {
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return navigation?.type === "reload" && !loadedItself;
}
