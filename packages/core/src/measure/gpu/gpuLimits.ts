/* Apart from how it is measured, whose types only programs with the DOM's have. */

/** The most that a GPU does, as it was measured. */
export interface GpuLimits {
  /** Thousand million operations a second in registers, two for each multiply-add: the most that a kernel can reach. */
  readonly peakGflops: number;
  /** Thousand million bytes a second, read and written, of a copy. */
  readonly gigabytesPerSecond: number;
}
