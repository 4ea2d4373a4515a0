import type { runtimes } from "./runtimes.generated.js";

/** A way to read pictures: a file in `runtime/pictures/`. */
export type RuntimeName = keyof typeof runtimes;
