import { MARK } from "./mark.js";
import type { Facts } from "./runtime/facts.js";
import type { RuntimeName } from "./runtimeName.js";

/** What becomes of a picture, by the runtime that reads it. */
const picturesBecome: Readonly<Record<RuntimeName, string>> = {
  clean:
    "One character, dark on light or light on dark, on clean and evenly lit paper: its ink is found, scaled and centred as MNIST's makers did.",
  handwriting:
    "One character, dark on light or light on dark: its ink is found, scaled and centred as MNIST's makers did.",
  ruled: "It is cut and scaled as the pictures were that the network was trained on.",
  whole:
    "All of it is scaled to the network's size, the aspect kept, and the rest filled with the colour of its border.",
};

/** The types of a module, for TypeScript. */
export function declarations({ inputShape: [C, H, W], classes }: Facts, runtime: RuntimeName): string {
  const size = C * H * W;
  return `${MARK}: the types of the module beside it.

/** What the network says about one image. */
export interface Prediction {
  /** The most probable class, counted from 0. */
  readonly index: number;
  /** Its name. */
  readonly class: string;
  readonly probability: number;
  /** One for each class, ${classes.length} in all. */
  readonly probabilities: readonly number[];
}

/**
 * Pixels, channel by channel and row by row, ${C} x ${H} x ${W} = ${size} for an image: bytes from 0 to 255, or numbers from 0 to 1.
 */
export type Pixels = Uint8Array | Uint8ClampedArray | Float32Array;

/** A class of the page's or the worker's, where there is one. */
type Known<Name extends string> = typeof globalThis extends { readonly [name in Name]: { readonly prototype: infer Kind } } ? Kind : never;

/** A picture of any size: red, green, blue and alpha in bytes as ImageData has them, or what can be drawn on a canvas. */
export type PictureSource =
  | { readonly width: number; readonly height: number; readonly data: Uint8Array | Uint8ClampedArray }
  | Known<"ImageData">
  | Known<"HTMLCanvasElement">
  | Known<"OffscreenCanvas">
  | Known<"ImageBitmap">
  | Known<"HTMLImageElement">
  | Known<"HTMLVideoElement">;

/**
 * What is on an image that is just what the network takes.
 * @param pixels ${size} of them
 * @throws Error named InputError, a sentence, if they are of another kind, too few or many, or out of range
 */
export declare function predict(pixels: Pixels): Prediction;

/**
 * What is on each of several images, sooner than one by one.
 * @param pixels a multiple of ${size}, image after image
 * @throws as \`predict\`
 */
export declare function predictBatch(pixels: Pixels): Prediction[];

/**
 * What is on a picture of any size. ${picturesBecome[runtime]}
 * @throws Error named InputError, a sentence, if it can't be read or there is nothing in it
 */
export declare function predictImage(source: PictureSource): Prediction;

/** The names of the classes, in the order of \`probabilities\`. */
export declare const classes: readonly string[];

/** Channels, height and width of an image. */
export declare const inputShape: readonly [channels: number, height: number, width: number];

/** What is known of the network. */
export declare const model: {
  readonly name: string;
  /** The day on which it was exported: year, month, day. */
  readonly exported: string;
  /** How many numbers were learnt. */
  readonly parameters: number;
  /** Multiplications for one image. */
  readonly multiplyAdds: number;
  /** How the weights were kept; they are computed with in float32. */
  readonly weights: "f32" | "f16" | "int8";
  /** The share of right answers on a test set, if it was measured when the module was exported. */
  readonly accuracy: { readonly share: number; readonly data: string; readonly images: number } | undefined;
};
`;
}
