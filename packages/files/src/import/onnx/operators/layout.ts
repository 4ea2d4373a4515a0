import { known } from "../../../known.js";
import { ELEMENT } from "../../../onnx/schema.js";
import { isRow, likeOf, shapeInFile, sizeAlong, wideAxes } from "../axes.js";
import type { Call, Operators } from "../call.js";
import { elementName, isFloating } from "../tensors.js";
import {
  type Activation,
  type Axis,
  BATCH,
  type Constant,
  described,
  type Expression,
  type Value,
} from "../values.js";

/* Operators that change where numbers stand in the file, but not what they are; most of them are no layers here. */

/** The whole number that an axis is counted as. @throws InputError that names the node if there is none */
export function axisOf(call: Call, axis: number, rank: number): number {
  const place = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(place) && place >= 0 && place < rank) return place;
  throw call.refuse(`its axis ${axis} is out of range for ${rank} dimensions`);
}

function transpose(call: Call): Activation {
  const value = call.activation(0);
  const rank = value.axes.length;
  const places = call.ints("perm") ?? value.axes.map((_, k) => rank - 1 - k);
  if (
    places.length !== rank ||
    new Set(places).size !== rank ||
    places.some((place) => !(place in value.axes))
  ) {
    throw call.refuse(`perm must be an order of the ${rank} dimensions, not ${described(places)}`);
  }
  return stillOpen(call, { ...value, axes: places.map((place) => value.axes[place]) });
}

/** The value may get a bias behind this node, too, if nobody else takes what the node gives. */
function stillOpen(call: Call, value: Activation): Activation {
  return { ...value, isOpen: value.isOpen === true && call.isTakenOnce };
}

function flatten(call: Call): Value {
  const value = call.activation(0);
  const shape = shapeInFile(value);
  const axis = call.int("axis", 1);
  const place = axis === shape.length ? axis : axisOf(call, axis, shape.length);
  const before = shape.slice(0, place);
  if (place === 0 || before.slice(1).some((size) => size !== 1)) {
    throw call.refuse("only a row of numbers for each image (axis 1) can be made here");
  }
  return reshaped(call, value, [BATCH, shape.slice(1).reduce((product, size) => product * size, 1)]);
}

function reshape(call: Call): Value {
  const value = call.activation(0);
  const given = call.inputs.length > 1 ? [...call.constant(1).data] : call.ints("shape");
  if (given === undefined || given.length > 16) throw call.refuse("it doesn't say which shape to make");
  const shape = shapeInFile(value);
  const copies = call.int("allowzero", 0) === 0;
  const wanted = given.map((size, k) => (size === 0 && copies ? (shape[k] ?? 0) : size));
  const { batch } = call.reading;
  const each = shape.slice(1).reduce((product, size) => product * size, 1);
  const rest = wanted.slice(1);
  const known = rest.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const open = rest.filter((size) => size === -1).length;
  const first = wanted[0];
  const isBatch = Number.isNaN(first) || first === batch || (first === -1 && open === 0 && known === each);
  if (value.axes[0] !== "N" || !isBatch || open > 1 || (open === 1 && !Number.isInteger(each / known))) {
    throw call.refuse(
      `it makes ${described(wanted)} of ${described(shape)}, but the first dimension must go on counting the images`,
    );
  }
  return reshaped(call, value, [BATCH, ...rest.map((size) => (size === -1 ? each / known : size))]);
}

/** @param shape the new one in the file, complete, images first */
function reshaped(call: Call, value: Activation, shape: readonly number[]): Activation {
  const rest = shape.slice(1);
  const before = shapeInFile(value).slice(1);
  const wide = (sizes: readonly number[]) => sizes.filter((size) => size !== 1);
  const isSame = wide(rest).join() === wide(before).join();
  if (isSame && rest.length === before.length && wide(rest).length === rest.length)
    return stillOpen(call, value);
  const isPictures = value.source.shape.length === 3;
  if (isSame && (!isPictures || rest.length === 3)) return relabelled(call, value, rest);
  const product = before.reduce((all, size) => all * size, 1);
  if (
    isPictures &&
    !value.border &&
    wide(rest).length <= 1 &&
    rest.reduce((all, size) => all * size, 1) === product
  ) {
    const row = call.network.flatten(call.node, call.order, value);
    return relabelled(call, row, rest);
  }
  throw call.refuse(
    `it makes ${described(shape)} of ${described(shapeInFile(value))}, but only rows of numbers can be made of pictures here`,
  );
}

/** The same numbers where sizes of 1 stand elsewhere. */
function relabelled(call: Call, value: Activation, rest: readonly number[]): Activation {
  const left = wideAxes(value);
  const isPictures = value.source.shape.length === 3;
  const narrow: Axis[] = isPictures
    ? (["C", "H", "W"] as const).filter((axis) => sizeAlong(value, axis, 1) === 1)
    : sizeAlong(value, "K", 1) === 1
      ? ["K"]
      : [];
  const axes = rest.map((size): Axis => (size === 1 ? (narrow.shift() ?? "1") : known(left.shift())));
  return stillOpen(call, { ...value, axes: ["N", ...axes] });
}

function squeeze(call: Call): Value {
  const value = call.activation(0);
  const shape = shapeInFile(value);
  const given = call.intsOrInput("axes", 1);
  const gone = given
    ? given.map((axis) => axisOf(call, axis, shape.length))
    : shape.flatMap((size, k) => (size === 1 && value.axes[k] !== "N" ? [k] : []));
  const isWrong = gone.some((place) => shape[place] !== 1 || value.axes[place] === "N");
  if (isWrong) throw call.refuse("it takes a dimension away that has more than one number");
  return withoutAxes(call, value, gone);
}

function withoutAxes(call: Call, value: Activation, gone: readonly number[]): Activation {
  const axes = value.axes.filter((_, k) => !gone.includes(k));
  return stillOpen(call, { ...value, axes });
}

function unsqueeze(call: Call): Value {
  const value = call.activation(0);
  const given = call.intsOrInput("axes", 1);
  if (given === undefined) throw call.refuse("it doesn't say which dimensions to add");
  const rank = value.axes.length + given.length;
  const added = new Set(given.map((axis) => axisOf(call, axis, rank)));
  if (added.size < given.length || added.has(0))
    throw call.refuse("the first dimension must go on counting the images");
  const missing = (value.source.shape.length === 3 ? (["C", "H", "W"] as const) : []).filter(
    (axis) => !value.axes.includes(axis),
  );
  const old = [...value.axes];
  const axes = Array.from(
    { length: rank },
    (_, k): Axis => (added.has(k) ? (missing.shift() ?? "1") : known(old.shift())),
  );
  return stillOpen(call, { ...value, axes });
}

function shape(call: Call): Constant {
  const value = call.value(0);
  const sizes = shapeInFile(value, call.reading.batch);
  const bound = (name: string, usual: number) => {
    const given = call.int(name, usual);
    return Math.max(0, Math.min(sizes.length, given < 0 ? given + sizes.length : given));
  };
  const data = Float64Array.from(sizes.slice(bound("start", 0), bound("end", sizes.length)));
  return { kind: "constant", shape: [data.length], data, isWhole: true, from: call.node.outputs[0], how: [] };
}

function concat(call: Call): Value {
  const values = call.inputs.map((_, k) => call.activation(k));
  const [first] = values;
  const axis = first.axes[axisOf(call, call.int("axis", 1), first.axes.length)];
  if (values.length === 1) return first;
  const isChannels = axis === "C" && values.every(isImagesLike(first));
  const rows =
    axis === "K" && values.every((value) => isRow(value) && value.axes.length === first.axes.length);
  if (!isChannels && !rows) {
    throw call.refuse(
      "only channels of pictures, and rows of numbers, can be concatenated here, laid out alike",
    );
  }
  const made = call.network.add(call.node, call.order, values, { type: "concat" });
  const order = rows && values.some((value) => value.order) ? joinedOrders(values) : undefined;
  return { ...made, axes: first.axes, ...(order && { order }) };
}

const isImagesLike = (first: Activation) => (value: Activation) =>
  value.source.shape.length === 3 && value.axes.length === 4 && value.axes.join() === first.axes.join();

function joinedOrders(values: readonly Activation[]): Int32Array {
  let begin = 0;
  const parts = values.map(({ source, order }) => {
    const [size] = source.shape;
    const offset = begin;
    begin += size;
    return Array.from({ length: size }, (_, k) => offset + (order ? order[k] : k));
  });
  return Int32Array.from(parts.flat());
}

/** What changes nothing of the numbers. */
function same(call: Call): Value {
  const [value] = call.inputs;
  if (value === undefined) throw call.refuse("its input is missing");
  if (value.kind !== "activation") return value;
  return value.isOpen && !call.isTakenOnce ? { ...value, isOpen: false } : value;
}

function cast(call: Call): Value {
  const to = call.int("to", ELEMENT.float);
  call.ignore("saturate", "round_mode");
  if (!isFloating(to)) {
    throw call.refuse(
      `it makes ${elementName(to) ?? "another type"} of what a layer gives, but layers compute in float32`,
    );
  }
  return same(call);
}

function dropout(call: Call): Value {
  const ratio = call.inputs[1] === undefined ? call.float("ratio", 0.5) : call.constant(1).data[0];
  call.ignore("seed", "is_test");
  const value: Activation | Expression = call.value(0);
  const rate = Number(Math.fround(ratio).toPrecision(7));
  const input = call.activation(0);
  const made = call.network.add(call.node, call.order, [input], {
    type: "dropout",
    options: rate === 0.5 ? {} : { rate },
  });
  const { order } = likeOf(value);
  return { ...made, axes: value.axes, ...(order && { order }) };
}

export const layoutOperators: Operators = {
  Transpose: transpose,
  Flatten: flatten,
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Shape: shape,
  Concat: concat,
  Identity: same,
  Cast: cast,
  Dropout: dropout,
};
