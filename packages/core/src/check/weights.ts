import { type Shape, sizeOf } from "../tensor.js";
import { type AxisOrder, ORDERS } from "./layouts.js";

/** What an array of filters can be: its shape in the library's order, [out, in, height, width], and the person's order. */
export interface FilterReading {
  readonly shape: readonly [filters: number, channels: number, height: number, width: number];
  readonly order: AxisOrder;
}

/** All readings of the person's shape, the usual ones first. Dimensions of size 1 may be missing. */
export function filterReadings(yours: Shape): FilterReading[] {
  const readings: FilterReading[] = [];
  const add = (order: AxisOrder, sizes: readonly number[]) => {
    const shape: [number, number, number, number] = [0, 0, 0, 0];
    for (const [k, size] of sizes.entries()) shape[order[k]] = size;
    const same = (other: FilterReading) =>
      other.shape.join() === shape.join() && isSame(other.order, order, shape);
    if (!readings.some(same)) readings.push({ shape, order });
  };
  const { oihw, hwio, ohwi, ihwo, hwoi, iohw } = ORDERS.filters;
  if (yours.length === 4) {
    for (const order of [oihw, hwio, ohwi, ihwo, hwoi, iohw]) add(order, yours);
  } else if (yours.length === 3) {
    const [a, b, c] = yours;
    add(oihw, [a, 1, b, c]); // one channel
    add(hwio, [a, b, 1, c]);
    add(oihw, [1, a, b, c]); // one filter
    add(hwio, [a, b, c, 1]);
  } else if (yours.length === 2) {
    const [a, b] = yours;
    const side = Math.sqrt(b);
    add(oihw, [1, 1, a, b]);
    if (Number.isInteger(side) && side > 1) add(oihw, [a, 1, side, side]); // each filter in a row
  }
  return readings.filter(({ shape }) => sizeOf(shape) > 0);
}

function isSame(a: AxisOrder, b: AxisOrder, shape: Shape): boolean {
  const long = (order: AxisOrder) => order.filter((d) => shape[d] !== 1).join();
  return long(a) === long(b);
}

/** What a matrix of dense weights can be: [out, in], or [in, out]. */
export interface DenseReading {
  readonly units: number;
  readonly inputs: number;
  readonly order: AxisOrder;
}

export function denseReadings(yours: Shape): DenseReading[] {
  const [a, b] = yours.length === 2 ? yours : [sizeOf(yours), 1];
  const { rows, columns } = ORDERS.matrix;
  return [
    { units: a, inputs: b, order: rows },
    { units: b, inputs: a, order: columns },
  ];
}
