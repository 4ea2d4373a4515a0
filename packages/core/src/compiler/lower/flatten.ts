import type { Lowering } from "./lowering.js";

/* Its input lies as its output already. */
export const flattenLowering: Lowering = { reshapes: true, forward: () => [], backward: () => [] };
