import type { Tensor } from "../../tensor.js";
import type { CheckedNetwork } from "../network.js";
import type { Variation } from "../run.js";
import { mapped, total } from "../value.js";
import { at, type Mistake } from "./mistake.js";
import { forwardWith, mappedByIndex, scaled } from "./tools.js";

/** The images, changed before anything is computed from them. */
function images(change: (x: Tensor) => Tensor): Variation {
  return {
    changes: { x: (run) => change((run.given.get("x") ?? { tensor: run.tensor("x") }).tensor) },
    overwritten: ["x"],
  };
}

/** The layers that the images go into first of all. */
const takers = ({ layers }: CheckedNetwork) => layers.filter(({ inputs }) => inputs[0] === "x");

const each = (f: (pixel: number) => number) => images((x) => mapped(x, f));

const signedByte = (value: number) => (value > 127 ? value - 256 : value);
const unsignedByte = (value: number) => ((Math.trunc(value) % 256) + 256) % 256;

function largestOf({ data }: Tensor): number {
  let largest = 0;
  for (const value of data) if (value > largest) largest = value;
  return largest;
}

/** For each number of a batch of images, which numbers it is standardised with: all, those of its image, channel or place. */
const GROUPS: readonly ((index: readonly number[]) => string)[] = [
  () => "",
  ([n]) => `${n}`,
  ([, c]) => `${c}`,
  ([, ...place]) => place.join(),
  ([n, c]) => `${n} ${c}`,
];

/** Each group with the mean 0 and, if it is divided, the standard deviation 1. A group that is constant becomes 0. */
function standardised(x: Tensor, groupOf: (index: readonly number[]) => string, divides: boolean): Tensor {
  const groups = new Map<string, { count: number; sum: number; squares: number }>();
  mappedByIndex(x, (value, index) => {
    const group = groups.get(groupOf(index)) ?? { count: 0, sum: 0, squares: 0 };
    group.count++;
    group.sum += value;
    group.squares += value * value;
    groups.set(groupOf(index), group);
    return value;
  });
  return mappedByIndex(x, (value, index) => {
    const { count, sum, squares } = groups.get(groupOf(index))!;
    const mean = sum / count;
    const deviation = divides ? Math.sqrt(Math.max(0, squares / count - mean * mean)) : 1;
    return deviation > 0 ? (value - mean) / deviation : 0;
  });
}

export const pixelsScaledInside: Mistake = {
  name: "pixels-scaled-inside",
  harmless: true,
  why: "x was saved before its pixels were scaled or standardised; everything fits to what they became.",
  fix: "x = images / 255.0",
  variations: () => [
    each((v) => v / 255),
    each((v) => v / 256),
    each((v) => v / 255 - 0.5),
    each((v) => v / 127.5 - 1),
    each((v) => (v / 255 - 0.1307) / 0.3081),
    ...[1, 1 / 255].flatMap((factor) =>
      GROUPS.flatMap((groups) =>
        [true, false].map((divides) => images((x) => standardised(scaled(x, factor), groups, divides))),
      ),
    ),
    images((x) => scaled(x, 1 / largestOf(x))),
  ],
};

export const pixelsIntegerDivision: Mistake = {
  name: "pixels-integer-division",
  why: "// divides whole numbers and drops the rest, so that nearly all pixels become 0.",
  fix: "x = images.astype(np.float32) / 255",
  variations: () => [each((v) => Math.floor(v / 255)), each((v) => Math.floor(v / 256))],
};

export const pixelsOverflow: Mistake = {
  name: "pixels-overflow",
  why: "Bytes hold 0 to 255 (int8: -128 to 127), and what doesn't fit wraps around without a word.",
  fix: "x = images.astype(np.float32)  # before any arithmetic",
  variations: (network) => [
    each(signedByte),
    each((v) => signedByte(v) / 255),
    each((v) => signedByte(v) / 127),
    each((v) => signedByte(v) / 128),
    each((v) => unsignedByte(v - 128)),
    each((v) => unsignedByte(v - 128) / 255),
    each((v) => unsignedByte(v - 128) / 128),
    each((v) => unsignedByte(v - 127)),
    each((v) => unsignedByte(-v)),
    each((v) => unsignedByte(2 * v) / 255),
    images((x) => {
      const mean = Math.floor(total(x) / x.data.length);
      return mapped(x, (v) => unsignedByte(v - mean));
    }),
    ...takers(network).flatMap(({ output }) => [
      at(output, (_, right) => mapped(right(), unsignedByte)),
      at(output, (_, right) => mapped(right(), (v) => signedByte(unsignedByte(v)))),
    ]),
  ],
};

export const pixelsWrongRange: Mistake = {
  name: "pixels-scaled-twice",
  why: "The pixels are divided by 255 although they have been already, so that nearly nothing is left of them.",
  fix: "x = images / 255.0  # once",
  variations: (network) =>
    takers(network).map((layer) =>
      at(layer.output, (run) => forwardWith(layer, run, { x: scaled(run.tensor("x"), 1 / 255) })),
    ),
};
