import type { Fit, ImageShape } from "unravel-cnn";

/* What a thread that decodes pictures is sent, and what it answers. */

/** A file: where its bytes lie in the batch's, or on the disk. */
export type Job = { readonly from: number; readonly to: number } | { readonly path: string };

export interface Batch {
  readonly files: readonly Job[];
  /** Of all files that have none of their own on the disk, one after the other: one piece of memory goes over sooner than many. */
  readonly bytes: Uint8Array;
  /** What pictures are made to; undefined where only their sizes are wanted. */
  readonly target: { readonly shape: ImageShape; readonly fit: Fit } | undefined;
}

export interface Answer {
  /** `[files, 2]`: width and height, as a person sees the picture; 0 where there is a problem. */
  readonly sizes: Uint32Array;
  /** Which file has what problem, in a sentence. */
  readonly problems: ReadonlyMap<number, string>;
  /** Whether all colours of all pictures are grey; only of what was decoded. */
  readonly grey: boolean;
  /** `[files, C, H, W]`, empty where only sizes were wanted; zeros where there is a problem. */
  readonly pixels: Uint8Array;
}
