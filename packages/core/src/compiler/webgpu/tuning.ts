/*
 * What was found to be fast by trying, on one device (docs/webgpu.md): sizes of register tiles, and how many invocations keep a
 * device busy. Nothing but speed depends on it, and the order of sums.
 */
export const TUNING = {
  /** About so many invocations keep a device busy with a convolution. */
  busy: 32768,
  /** Of a convolution's weights: filters times at most so many cells of the kernel. */
  gradientFilters: 4,
  gradientCells: 9,
  /** So many columns of the outputs are unrolled. */
  gradientColumns: 4,
  /** About so many invocations keep a device busy that sums the gradients of weights. */
  gradientBusy: 49152,
  /** A dense layer's register tile, and about how many invocations keep a device busy with it. */
  outputs: 8,
  inputs: 4,
  denseBusy: 32768,
  /** So many numbers of a long sum are loaded before they are added. */
  together: 32,
  /** Lanes that share the images where the gradients of a dense layer's weights are summed, and the most numbers that may take. */
  denseLanes: 8,
  denseSums: 2 ** 20,
  /**
   * From so many multiply-adds on, a product of a dense layer is tiled through workgroup memory, if at least this share of its tiles is
   * filled, and with about so many workgroups, which keep a device busy.
   */
  tiledFrom: Number.POSITIVE_INFINITY,
  tiledFilled: 0.5,
  tiledBusy: 256,
  /** How many invocations are started together. */
  workgroup: 128,
  /** So many invocations that differ in nothing but the images are neighbours. */
  lanes: 32,
};
