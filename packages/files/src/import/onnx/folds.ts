import { known } from "../../known.js";
import { ELEMENT } from "../../onnx/schema.js";
import type { Call } from "./call.js";
import { axisOf } from "./operators/layout.js";
import { isFloating } from "./tensors.js";
import { type Constant, described } from "./values.js";

/*
 * Nodes that take constants only: mostly the arithmetic of shapes, and weights that are turned or rounded on their way.
 */

/** More than any weight has. */
const MOST_DIMENSIONS = 16;

type Fold = (call: Call) => Constant;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The same constant with another shape and other numbers, and what was done to them. */
function made(like: Constant, shape: readonly number[], data: Constant["data"], how?: string): Constant {
  return { ...like, shape, data, how: how === undefined ? like.how : [...like.how, how] };
}

/** Room for numbers, counted against what one file may make. */
function reserve(call: Call, like: Constant, count: number): Float32Array | Float64Array {
  call.reading.numbersLeft -= count;
  if (!(call.reading.numbersLeft >= 0)) {
    throw call.refuse(
      "the constants that the file computes are far larger than those that it holds; export it with constants folded",
    );
  }
  return like.data instanceof Float32Array ? new Float32Array(count) : new Float64Array(count);
}

function constant(call: Call): Constant {
  const tensor = call.tensor("value");
  if (tensor) return { ...tensor, from: tensor.from || call.node.outputs[0] };
  const { attributes } = call.node;
  const attribute = attributes[0];
  const numbers: Partial<
    Record<string, () => { data: readonly number[]; isWhole: boolean; shape?: number[] }>
  > = {
    value_float: () => ({ data: [call.float("value_float", 0)], isWhole: false, shape: [] }),
    value_int: () => ({ data: [call.int("value_int", 0)], isWhole: true, shape: [] }),
    value_floats: () => ({ data: call.floats("value_floats") ?? [], isWhole: false }),
    value_ints: () => ({ data: call.ints("value_ints") ?? [], isWhole: true }),
  };
  const read =
    attributes.length === 1 && Object.hasOwn(numbers, attribute.name) ? numbers[attribute.name] : undefined;
  if (read === undefined) throw call.refuse("its value is none of numbers, so it can't be read");
  const { data, isWhole, shape } = read();
  return {
    kind: "constant",
    shape: shape ?? [data.length],
    data: isWhole ? Float64Array.from(data) : Float32Array.from(data),
    isWhole,
    from: call.node.outputs[0],
    how: [],
  };
}

function cast(call: Call): Constant {
  const value = call.constant(0);
  call.ignore("saturate", "round_mode");
  const to = call.int("to", ELEMENT.float);
  const becomesWhole = !isFloating(to);
  if (!becomesWhole || value.isWhole) return { ...value, isWhole: becomesWhole || hasBatch(value) };
  const data = reserve(call, value, value.data.length);
  for (let k = 0; k < data.length; k++) data[k] = Math.trunc(value.data[k]);
  return { ...made(value, value.shape, data), isWhole: true };
}

/** Whether the number of images is in it, which stays what it is as a float, too. */
const hasBatch = ({ isWhole, data }: Constant) => isWhole && data.some(Number.isNaN);

function reshape(call: Call): Constant {
  const value = call.constant(0);
  const given = call.inputs.length > 1 ? [...call.constant(1).data] : [...(call.ints("shape") ?? [])];
  const copies = call.int("allowzero", 0) === 0;
  const wanted = given.map((size, k) => (size === 0 && copies ? value.shape[k] : size));
  const known = sizeOf(wanted.filter((size) => size !== -1));
  const shape = wanted.map((size) => (size === -1 ? value.data.length / known : size));
  const isRight =
    shape.length <= MOST_DIMENSIONS &&
    shape.every((size) => Number.isInteger(size) && size >= 0) &&
    sizeOf(shape) === value.data.length;
  if (!isRight)
    throw call.refuse(
      `it makes ${described(wanted)} of ${described(value.shape)}, which holds another number of numbers`,
    );
  return made(value, shape, value.data);
}

function transpose(call: Call): Constant {
  const value = call.constant(0);
  const rank = value.shape.length;
  const places = call.ints("perm") ?? value.shape.map((_, k) => rank - 1 - k);
  if (
    places.length !== rank ||
    new Set(places).size !== rank ||
    places.some((place) => !(place in value.shape))
  ) {
    throw call.refuse(`perm must be an order of the ${rank} dimensions, not ${described(places)}`);
  }
  const steps = stepsOf(value.shape);
  const shape = places.map((place) => value.shape[place]);
  const data = reserve(call, value, value.data.length);
  const from = places.map((place) => steps[place]);
  forEachIndex(shape, (index, k) => {
    let at = 0;
    for (let d = 0; d < rank; d++) at += index[d] * from[d];
    data[k] = value.data[at];
  });
  return made(value, shape, data, `dimensions in the order ${described(places)}`);
}

const stepsOf = (shape: readonly number[]) => shape.map((_, k) => sizeOf(shape.slice(k + 1)));

/** Calls with each index of a shape, in row-major order; the list is the same one each time. */
function forEachIndex(shape: readonly number[], work: (index: readonly number[], k: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const count = sizeOf(shape);
  for (let k = 0; k < count; k++) {
    work(index, k);
    for (let d = shape.length - 1; d >= 0 && ++index[d] === shape[d]; d--) index[d] = 0;
  }
}

function squeeze(call: Call): Constant {
  const value = call.constant(0);
  const axes = call.intsOrInput("axes", 1)?.map((axis) => axisOf(call, axis, value.shape.length));
  const shape = value.shape.filter((size, k) => (axes ? !axes.includes(k) : size !== 1));
  if (sizeOf(shape) !== value.data.length)
    throw call.refuse("it takes a dimension away that has more than one number");
  return made(value, shape, value.data);
}

function unsqueeze(call: Call): Constant {
  const value = call.constant(0);
  const axes = call.intsOrInput("axes", 1) ?? [];
  const rank = value.shape.length + axes.length;
  if (rank > MOST_DIMENSIONS) throw call.refuse("it makes more dimensions than any weight has");
  const added = new Set(axes.map((axis) => axisOf(call, axis, rank)));
  if (added.size < axes.length) throw call.refuse("it adds a dimension twice");
  const old = [...value.shape];
  const shape = Array.from({ length: rank }, (_, k) => (added.has(k) ? 1 : known(old.shift())));
  return made(value, shape, value.data);
}

/** Lists of numbers, which is all that shapes need, one after the other. */
function concat(call: Call): Constant {
  const values = call.inputs.map((_, k) => call.constant(k));
  const [first] = values;
  axisOf(call, call.int("axis", 0), first.shape.length);
  if (values.some(({ shape }) => shape.length !== 1))
    throw call.refuse("only lists of constants are put together here");
  const data = reserve(
    call,
    first,
    values.reduce((sum, value) => sum + value.data.length, 0),
  );
  let at = 0;
  for (const value of values) {
    data.set(value.data, at);
    at += value.data.length;
  }
  return { ...made(first, [data.length], data), isWhole: values.every(({ isWhole }) => isWhole) };
}

function gather(call: Call): Constant {
  const value = call.constant(0);
  const places = call.constant(1);
  const axis = axisOf(call, call.int("axis", 0), value.shape.length);
  if (value.shape.length !== 1 || axis !== 0)
    throw call.refuse("constants are only taken out of a list here");
  const data = reserve(call, value, places.data.length);
  for (const [k, place] of places.data.entries())
    data[k] = value.data[axisOf(call, place, value.data.length)];
  return made(value, places.shape, data);
}

function slice(call: Call): Constant {
  const value = call.constant(0);
  const [starts, ends] = [call.intsOrInput("starts", 1), call.intsOrInput("ends", 2)];
  const axes = call.intsOrInput("axes", 3) ?? value.shape.map((_, k) => k);
  const steps = call.inputs[4] === undefined ? axes.map(() => 1) : [...call.constant(4).data];
  if (
    [starts, ends, steps].some((list) => list?.length !== axes.length) ||
    new Set(axes).size < axes.length
  ) {
    throw call.refuse("its starts, ends, axes and steps don't fit each other");
  }
  const from = value.shape.map(() => 0);
  const by = value.shape.map(() => 1);
  const shape = [...value.shape];
  for (const [k, axis] of axes.entries()) {
    const place = axisOf(call, axis, shape.length);
    const [size, step] = [value.shape[place], steps[k]];
    if (!Number.isSafeInteger(step) || step === 0)
      throw call.refuse("it has a step that is no whole number, or 0");
    // backwards, a stretch ends before the first number at the soonest
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
    const bound = (at: number) => Math.max(low, Math.min(high, at < 0 ? at + size : at));
    const [first, end] = [bound(starts?.[k] ?? 0), bound(ends?.[k] ?? 0)];
    from[place] = first;
    by[place] = step;
    shape[place] = Math.max(0, Math.ceil((end - first) / step));
  }
  if (sizeOf(shape) === 0) return made(value, shape, value.data.slice(0, 0));
  const places = stepsOf(value.shape);
  const data = reserve(call, value, sizeOf(shape));
  forEachIndex(shape, (index, k) => {
    data[k] = value.data[index.reduce((at, one, d) => at + (from[d] + one * by[d]) * places[d], 0)];
  });
  return made(value, shape, data);
}

function shape(call: Call): Constant {
  const value = call.constant(0);
  call.ignore("start", "end");
  if (call.node.attributes.length > 0) throw call.refuse("only whole shapes of constants are read here");
  const data = Float64Array.from(value.shape);
  return { kind: "constant", shape: [data.length], data, isWhole: true, from: call.node.outputs[0], how: [] };
}

function constantOfShape(call: Call): Constant {
  const dims = [...call.constant(0).data];
  const fill = call.tensor("value");
  const count = sizeOf(dims);
  if (dims.length > MOST_DIMENSIONS || !dims.every((size) => Number.isInteger(size) && size >= 0)) {
    throw call.refuse("the shape of a constant must be fixed");
  }
  const zero: Constant = {
    kind: "constant",
    shape: [],
    data: new Float32Array(1),
    isWhole: false,
    from: "",
    how: [],
  };
  const like = { ...(fill ?? zero), from: call.node.outputs[0] };
  const data = reserve(call, like, count).fill(fill?.data[0] ?? 0);
  return made(like, dims, data);
}

/** Two constants, number by number; one of them may be a single number. */
const arithmetic =
  (name: string, compute: (a: number, b: number, isWhole: boolean) => number): Fold =>
  (call) => {
    const [a, b] = [call.constant(0), call.constant(1)];
    const larger = b.data.length > a.data.length || b.shape.length > a.shape.length ? b : a;
    const isSingle = a.data.length === 1 || b.data.length === 1;
    if (!isSingle && a.shape.join() !== b.shape.join()) {
      throw call.refuse(
        `it combines constants of shapes ${described(a.shape)} and ${described(b.shape)}, which isn't folded here`,
      );
    }
    const isWhole = a.isWhole && b.isWhole;
    const data = reserve(call, larger, Math.max(a.data.length, b.data.length));
    for (let k = 0; k < data.length; k++) {
      const [x, y] = [a.data[a.data.length === 1 ? 0 : k], b.data[b.data.length === 1 ? 0 : k]];
      if (isWhole && (Number.isNaN(x) || Number.isNaN(y))) {
        throw call.refuse("it computes with the number of images, which isn't fixed in the file");
      }
      data[k] = compute(x, y, isWhole);
    }
    return { ...made(larger, larger.shape, data, name), isWhole };
  };

/** What is made of nodes whose inputs are all constant, by operator. */
export const folds: Readonly<Record<string, Fold>> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Identity: (call) => call.constant(0),
  Cast: cast,
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Shape: shape,
  Add: arithmetic("a constant added", (a, b) => a + b),
  Sub: arithmetic("a constant subtracted", (a, b) => a - b),
  Mul: arithmetic("times a constant", (a, b) => a * b),
  Div: arithmetic("divided by a constant", (a, b, isWhole) => (isWhole ? Math.trunc(a / b) : a / b)),
};
