import type { NpyArray } from "../formats/npy.js";
import { known } from "../known.js";
import type { Shape } from "../tensor.js";
import type { Candidate } from "./candidates.js";
import { findNotFinite, type NotFinite } from "./finite.js";
import {
  type ArrayLayout,
  type AxisOrder,
  columnsOf,
  type FlattenOrder,
  fittingOrders,
  inOrder,
} from "./layouts.js";
import type { Memory } from "./memory.js";
import { type CheckedNetwork, flattenedArrays } from "./network.js";
import { type GivenTensor, Run } from "./run.js";
import { stepsOf } from "./steps.js";
import { compareValues, type Precision, precisionOf } from "./value.js";

/** An array of the person's, as it lies in their file. */
export interface RawArray {
  readonly array: NpyArray;
  readonly held: Precision;
  /** How it lies; undefined if its shape can't be the right one. */
  readonly layout: ArrayLayout | undefined;
}

/** One reading of a file: what is taken for what. */
export interface Reading {
  readonly network: CheckedNetwork;
  readonly flatten: FlattenOrder;
  readonly raw: ReadonlyMap<string, RawArray>;
  readonly run: Run;
  readonly notFinite: NotFinite;
}

/** Puts every array into the library's order. Where its shape allows several, its numbers decide. */
export function readArrays(
  arrays: ReadonlyMap<string, NpyArray>,
  network: CheckedNetwork,
  { orders }: Pick<Candidate, "orders">,
  flatten: FlattenOrder,
  working: Precision,
  memory: Memory,
): Reading {
  const raw = new Map<string, RawArray>();
  const given = new Map<string, GivenTensor>();
  const run = new Run({ network, given, working, steps: stepsOf(network), memory });
  const flattened = flattenedArrays(network.layers);
  const layoutIn = (name: string, order: AxisOrder): ArrayLayout => {
    const image = flattened.get(name);
    return { order, ...(image && { columns: columnsOf(image, flatten) }) };
  };
  const tensorIn = (name: string, array: NpyArray, shape: Shape, layout: ArrayLayout): GivenTensor => {
    const key = [name, shape, layout.order, ...(layout.columns ? [flattened.get(name), flatten] : [])].join(
      " ",
    );
    return memory.given(key, () => ({
      tensor: inOrder(array.data, shape, layout),
      held: precisionOf(array.dtype),
    }));
  };

  const place = (
    name: string,
    shape: Shape,
    choose: (fitting: readonly ArrayLayout[]) => ArrayLayout | undefined,
  ) => {
    const array = arrays.get(name);
    if (!array) return;
    const held = precisionOf(array.dtype);
    const fitting = fittingOrders(name, shape, array.shape).map((order) => layoutIn(name, order));
    const layout = choose(fitting);
    raw.set(name, { array, held, layout });
    if (layout) given.set(name, tensorIn(name, array, shape, layout));
  };

  place("x", [network.images, ...network.spec.input], (fitting) => withOrder(fitting, orders.get("x")));
  for (const { parameters, state } of network.layers) {
    for (const { name, shape } of [...parameters, ...state]) {
      place(name, shape, (fitting) => withOrder(fitting, orders.get(name)));
    }
  }
  place("lr", [], ([only]) => only);

  /** How images, or rows of numbers, lie in the arrays before: what is most probable for the next one. */
  const habits = new Map<number, AxisOrder>([[4, orders.get("x") ?? [0, 1, 2, 3]]]);
  for (const [name, shape] of network.shapes) {
    const parameter = name.replace(/^(grad|new)\./, "");
    place(name, shape, (fitting) => {
      const same = orders.get(parameter) ?? raw.get(parameter)?.layout?.order;
      const hasTwin = parameter !== name && raw.has(parameter);
      if (fitting.length === 0) return undefined;
      if (/weight$/.test(name) && orders.has(parameter)) return exactly(fitting, same, hasTwin);
      if (hasTwin && same && exactly(fitting, same, true)) return exactly(fitting, same, true);
      if (fitting.length === 1) {
        habits.set(shape.length, fitting[0].order);
        return fitting[0];
      }
      return bestMatch(fitting, name, shape) ?? withOrder(fitting, habits.get(shape.length));
    });
  }
  return { network, flatten, raw, run, notFinite: findNotFinite(raw, run) };

  function bestMatch(fitting: readonly ArrayLayout[], name: string, shape: Shape): ArrayLayout | undefined {
    const array = known(arrays.get(name));
    const right = run.expected(name) ?? [];
    return fitting.find((layout) => {
      const { tensor } = tensorIn(name, array, shape, layout);
      return right.some((value) => compareValues(tensor, value, precisionOf(array.dtype), working).agrees);
    });
  }
}

function withOrder(fitting: readonly ArrayLayout[], order: AxisOrder | undefined): ArrayLayout | undefined {
  return fitting.find((layout) => layout.order.join() === order?.join()) ?? fitting[0];
}

/** A gradient lies as what it is the gradient of; in another order only if that is not given. */
function exactly(
  fitting: readonly ArrayLayout[],
  order: AxisOrder | undefined,
  strict: boolean,
): ArrayLayout | undefined {
  const found = fitting.find((layout) => layout.order.join() === order?.join());
  return found ?? (strict ? undefined : fitting[0]);
}
