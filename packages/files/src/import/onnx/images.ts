import { type ImageShape, InputError, type Normalization } from "unravel-cnn";
import { ELEMENT, type OnnxNode, PRODUCER } from "../../onnx/schema.js";
import { pointwise } from "./expressions.js";
import type { Graph } from "./graph.js";
import { elementName, isFloating } from "./tensors.js";
import { type Affine, type Axis, BATCH, quoted, shortest } from "./values.js";

/* What goes into the graph: how images are laid out, and what their numbers mean. */

/** The images as the graph takes them. */
export interface Images {
  readonly shape: ImageShape;
  /** How the file lays them out; a single channel may be missing. */
  readonly axes: readonly Axis[];
  /** How many there are, BATCH if that isn't fixed. */
  readonly batch: number;
  readonly areBytes: boolean;
}

/** @throws InputError as a sentence if these are no images of a fixed size */
export function imagesOf(
  graph: Graph,
  constantShape: (name: string) => readonly number[] | undefined,
): Images {
  const { name, type } = graph.input;
  const place = `Its input ${quoted(name)}`;
  const elementType = type?.tensor?.elementType ?? 0;
  if (!isFloating(elementType) && elementType !== ELEMENT.uint8) {
    throw new InputError(
      `${place} is of ${elementName(elementType) ?? "an unknown type"}, but networks here take images of numbers (float32) or bytes (uint8).`,
    );
  }
  const dims = type?.tensor?.shape?.dims ?? [];
  const [batch = BATCH, ...sizes] = dims.map(({ value }) =>
    value === undefined || value < 1 ? BATCH : value,
  );
  const isFixed = sizes.every((size) => Number.isSafeInteger(size));
  const isImage = sizes.length === 3 || sizes.length === 2;
  if (!isImage || !isFixed) {
    const given = [batch, ...sizes].map((size, k) =>
      Number.isNaN(size) ? (k === 0 ? "batch" : "any") : String(size),
    );
    throw new InputError(
      `${place} has shape [${given.slice(0, 8).join(", ")}${given.length > 8 ? ", …" : ""}], but networks here take images of a fixed size, [batch, channels, rows, columns]; export it for such images.`,
    );
  }
  const areBytes = elementType === ELEMENT.uint8;
  if (sizes.length === 2) {
    return { shape: [1, sizes[0], sizes[1]], axes: ["N", "H", "W"], batch, areBytes };
  }
  if (areChannelsLast(graph, sizes, constantShape)) {
    return { shape: [sizes[2], sizes[0], sizes[1]], axes: ["N", "H", "W", "C"], batch, areBytes };
  }
  return { shape: [sizes[0], sizes[1], sizes[2]], axes: ["N", "C", "H", "W"], batch, areBytes };
}

/** Operators behind which numbers stand where they stood. */
const STAYING: ReadonlySet<string> = new Set([...pointwise, "Cast", "Identity", "Dropout", "Pad"]);

/** Programs whose images have their channels first, whatever their sizes look like. */
const CHANNELS_FIRST: ReadonlySet<string> = new Set([PRODUCER, "pytorch"]);

/**
 * Whether the graph brings channels to the front first; else, if nothing says so, whether the last size looks like theirs and the
 * file's producer may have put them there.
 */
function areChannelsLast(
  { nodes, input, producer }: Graph,
  sizes: readonly number[],
  constantShape: (name: string) => readonly number[] | undefined,
): boolean {
  const reached = new Set([input.name]);
  let flattens = false;
  for (const node of nodes) {
    if (!node.inputs.some((name) => reached.has(name))) continue;
    if (STAYING.has(node.operator)) for (const name of node.outputs) reached.add(name);
    else {
      const says = saysChannelsLast(node, sizes, constantShape);
      if (says !== undefined) return says;
      flattens = true;
    }
  }
  const [first, second, last] = sizes;
  return flattens && !CHANNELS_FIRST.has(producer) && last <= 4 && Math.min(first, second) > 4;
}

/** Undefined if the node says nothing of it. */
function saysChannelsLast(
  { operator, inputs, attributes }: OnnxNode,
  sizes: readonly number[],
  constantShape: (name: string) => readonly number[] | undefined,
): boolean | undefined {
  if (operator === "Transpose") {
    const order = attributes.find(({ name }) => name === "perm")?.ints.join();
    return order === "0,3,1,2";
  }
  if (operator !== "Reshape") return operator === "Flatten" || operator === "Shape" ? undefined : false;
  // one channel is brought to the front without moving anything
  const to = constantShape(inputs[1]) ?? [];
  if (to.length !== 4) return undefined;
  return sizes[2] === 1 && sizes[0] !== 1 && to[1] === 1 && to[2] === sizes[0] && to[3] === sizes[1];
}

/** Scaling below this makes numbers up to 255 small ones: what is scaled so were bytes. */
const LARGEST_BYTE_SCALE = 1 / 20;

/**
 * What the graph does to the images, as what is done to pixels from 0 to 1.
 * @param affine undefined: nothing
 * @throws InputError as a sentence if it turns bright into dark, which no standard deviation does
 */
export function normalizationOf(
  affine: Affine | undefined,
  { shape, areBytes }: Images,
): { readonly normalize: Normalization | undefined; readonly remark: string } {
  const ones = Array<number>(shape[0]).fill(1);
  const { scale, shift } = affine ?? { scale: ones, shift: ones.map(() => 0) };
  if (affine === undefined && !areBytes) {
    return {
      normalize: undefined,
      remark:
        "The graph takes the images as they are: their numbers are taken to be pixels from 0 to 1. If the network was trained on others, enter its mean and std under normalize in the spec.",
    };
  }
  if (scale.some((value) => !(value > 0))) {
    throw new InputError(
      "The graph multiplies the images by numbers that aren't above 0, but normalising here is (pixel - mean) / std with a std above 0; export it without.",
    );
  }
  const areScaledBytes = areBytes || scale.every((value) => value <= LARGEST_BYTE_SCALE);
  const unit = areScaledBytes ? 255 : 1;
  const normalize = {
    mean: scale.map((value, c) => shortest(-shift[c] / (unit * value)) + 0),
    std: scale.map((value) => shortest(1 / (unit * value))),
  };
  const numbers = areScaledBytes ? "bytes from 0 to 255" : "pixels from 0 to 1";
  return {
    normalize,
    remark: `What the graph does to the images first became the normalisation; they were taken to be ${numbers}.`,
  };
}
