import { hasSimd, InputError } from "unravel-cnn";

/* What this browser can do for a training. */

/** @throws InputError that says which browsers can train, if this one can't */
export function checkBrowser(): void {
  if (hasSimd()) return;
  throw new InputError(
    "This browser has no WebAssembly SIMD, so it can't train here; a current Chrome, Edge, Firefox or Safari can.",
  );
}

/** How many threads train; 0: memory can't be shared here, so the training worker does it alone. */
export function threadsFor(allCores: boolean): number {
  if (!crossOriginIsolated) return 0;
  const cores = navigator.hardwareConcurrency;
  return allCores ? cores : Math.max(1, cores - 1);
}
