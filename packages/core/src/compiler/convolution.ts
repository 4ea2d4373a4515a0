/** How convolutions are computed: as they are written, or with fewer multiplications where that is faster. */
export type Convolution = "direct" | "auto";

export const convolutions: readonly Convolution[] = ["auto", "direct"];
