/** How convolutions are computed: as they are written, or with fewer multiplications where that is faster. */
export type Convolution = "direct" | "auto";

/** The ways in which convolutions can be compiled; `auto` takes the faster one for each. */
export const convolutions: readonly Convolution[] = ["auto", "direct"];
