import type { NumberArray } from "../formats/npy.js";
import { type Shape, sizeOf, type Tensor } from "../tensor.js";

/*
 * The same numbers can lie in different orders: images as [N, C, H, W] or [N, H, W, C], dense weights as [out, in] or
 * [in, out]. Everything here is brought into the library's order first.
 */

/** The person's dimensions, each by its place in the library's order: [0, 2, 3, 1] is NHWC. */
export type AxisOrder = readonly number[];

export interface ArrayLayout {
  readonly order: AxisOrder;
  /** For the second dimension of what lies behind a flatten layer: the library's index of each of the person's. */
  readonly columns?: Uint32Array | undefined;
}

/** Orders that people use, the library's first. */
export const ORDERS = {
  /** N, C, H, W */
  images: { nchw: [0, 1, 2, 3], nhwc: [0, 2, 3, 1], chwn: [1, 2, 3, 0], hwcn: [2, 3, 1, 0] },
  /** out, in, height, width */
  filters: {
    oihw: [0, 1, 2, 3],
    hwio: [2, 3, 1, 0],
    ohwi: [0, 2, 3, 1],
    ihwo: [1, 2, 3, 0],
    hwoi: [2, 3, 0, 1],
    iohw: [1, 0, 2, 3],
  },
  /** rows and columns of a matrix */
  matrix: { rows: [0, 1], columns: [1, 0] },
} as const;

/** The orders in which an array of a rank and purpose can lie. */
export function ordersFor(name: string, shape: Shape): Readonly<Record<string, AxisOrder>> {
  if (shape.length === 4) return /\.weight$/.test(name) ? ORDERS.filters : ORDERS.images;
  return shape.length === 2 ? ORDERS.matrix : { plain: shape.map((_, d) => d) };
}

/** Whether two orders differ at all, where dimensions of size 1 don't count. */
function sameOrder(a: AxisOrder, b: AxisOrder, shape: Shape): boolean {
  const long = (order: AxisOrder) => order.filter((d) => shape[d] !== 1).join();
  return long(a) === long(b);
}

/**
 * The orders in which numbers of the person's shape can be an array of `shape`. Dimensions of size 1 may be missing or
 * added, and neighbours may be written as one.
 */
export function fittingOrders(name: string, shape: Shape, yours: Shape): AxisOrder[] {
  const fitting: AxisOrder[] = [];
  if (sizeOf(shape) !== sizeOf(yours)) return fitting;
  for (const order of Object.values(ordersFor(name, shape))) {
    const permuted = order.map((d) => shape[d]);
    // rows of numbers may still have the shape of images, if nothing was moved
    const fits = isMerged(permuted, yours) || (shape.length === 2 && isMerged(yours, permuted));
    if (fits && !fitting.some((other) => sameOrder(order, other, shape))) fitting.push(order);
  }
  return fitting;
}

/** Whether `yours` is `shape`, which holds as many numbers, with neighbours multiplied together. */
function isMerged(shape: Shape, yours: Shape): boolean {
  if (sizeOf(shape) === 0) return shape.join() === yours.join();
  const long = shape.filter((size) => size !== 1);
  let k = 0;
  for (const size of yours) {
    let product = 1;
    while (product < size && k < long.length) product *= long[k++];
    if (product !== size) return false;
  }
  return true;
}

/** For each cell in the library's order, where it lies among the person's numbers. */
export function placesOf(shape: Shape, { order, columns }: ArrayLayout): Uint32Array {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let k = order.length - 1; k >= 0; k--) {
    strides[order[k]] = stride;
    stride *= shape[order[k]];
  }
  const yours = columns && inverse(columns);
  const places = new Uint32Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  for (let k = 0; k < places.length; k++) {
    let place = 0;
    for (let d = 0; d < shape.length; d++)
      place += strides[d] * (yours && d === 1 ? yours[index[d]] : index[d]);
    places[k] = place;
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0;
  }
  return places;
}

export function inverse(permutation: Uint32Array): Uint32Array {
  const result = new Uint32Array(permutation.length);
  for (let k = 0; k < permutation.length; k++) result[permutation[k]] = k;
  return result;
}

/** The person's numbers in the library's order, in float64. */
export function inOrder(data: NumberArray, shape: Shape, layout: ArrayLayout): Tensor {
  const places = placesOf(shape, layout);
  const result = new Float64Array(places.length);
  for (let k = 0; k < result.length; k++) result[k] = data[places[k]];
  return { shape, data: result };
}

/** The orders in which flatten can write a [C, H, W] image in one row, by the slowest to the fastest dimension. */
export const FLATTEN_ORDERS = {
  CHW: [0, 1, 2],
  HWC: [1, 2, 0],
  WHC: [2, 1, 0],
  CWH: [0, 2, 1],
  HCW: [1, 0, 2],
  WCH: [2, 0, 1],
} as const;

export type FlattenOrder = keyof typeof FLATTEN_ORDERS;

/** The library's index (in CHW order) of each cell in another order; undefined where that is the same. */
export function columnsOf(image: Shape, name: FlattenOrder): Uint32Array | undefined {
  if (sameOrder(FLATTEN_ORDERS[name], FLATTEN_ORDERS.CHW, image)) return undefined;
  return inverse(placesOf(image, { order: FLATTEN_ORDERS[name] }));
}

/** The flatten orders that differ from each other for an image of this shape, the library's first. */
export function flattenOrders(image: Shape): FlattenOrder[] {
  const names = Object.keys(FLATTEN_ORDERS) as FlattenOrder[];
  return names.filter(
    (name, k) =>
      !names.slice(0, k).some((other) => sameOrder(FLATTEN_ORDERS[name], FLATTEN_ORDERS[other], image)),
  );
}
