import { InputError, inFile, show } from "../errors.js";
import { defineModel, type Model, type ModelSpec } from "../graph/model.js";
import { type Circumstances, FIRST_STEP } from "../layers/layer.js";
import { checkOptions } from "../options.js";
import { contractName, shapesOfTrace } from "../reference/names.js";
import { circumstanceChecks, type Trace, tensorsOf } from "../reference/trace.js";
import { formatShape, type NamedTensors, type Shape, sameShape, sizeOf, type Tensor } from "../tensor.js";
import { CIRCUMSTANCES, circumstanceArrays, circumstancesIn } from "./circumstances.js";
import { formatNpz, parseNpz } from "./npz.js";

/*
 * A trace in a file: every tensor under its contract name, also y [N] (class indices), loss [] and, after an update, lr []
 * and the new parameters.
 *
 * .npz is for NumPy; it doesn't say which network it came from. JSON has the spec, too, and each tensor as nested lists,
 * so that trace.tensors["conv1.out"][0][3][12][7] is the cell conv1.out[0, 3, 12, 7]:
 *
 *   { "model": { "input": [1, 28, 28], ... }, "dtype": "float32", "tensors": { "x": [[[[0, ...]]]], "y": [7], ... } }
 *
 * Where a layer looks at them, and they aren't those of a training's first step with seed 0, JSON also has the circumstances:
 *
 *   "circumstances": { "mode": "evaluation", "seed": 0, "step": 0 }
 *
 * What is no finite number, which JSON can't write, is a string there: "NaN", "Infinity", "-Infinity".
 */

/** By this the command line tells its own files from other people's, which it never replaces. */
const COMMENT = "written by unravel";

/**
 * For `np.load`: floats in the trace's dtype, `y` in int32, `loss` and `lr` in float64; where layers look at them also the
 * circumstances (see circumstances.ts).
 */
export function formatTraceNpz(step: Trace): Uint8Array {
  const { y, ...tensors } = tensorsOf(step);
  const { x, ...rest } = tensors;
  const labels = { shape: y.shape, data: Int32Array.from(y.data) };
  return formatNpz({ x, y: labels, ...rest, ...circumstanceArrays(step) }, COMMENT);
}

/** As JSON, a line for each tensor. Numbers are as short as they can be without changing. */
export function formatTraceJson(step: Trace): string {
  const { spec, classes, normalize } = step.model;
  const dtype = step.tensors.x.data instanceof Float32Array ? "float32" : "float64";
  const lines = Object.entries(tensorsOf(step)).map(([name, t]) => `${JSON.stringify(name)}: ${nested(t)}`);
  const model: ModelSpec = { ...spec, classes, normalize };
  const around = circumstancesOf(step);
  const circumstances = around && `"circumstances": ${JSON.stringify(around)},\n`;
  return `{\n"model": ${JSON.stringify(model)},\n"dtype": "${dtype}",\n${circumstances ?? ""}"tensors": {\n${lines.join(",\n")}\n}\n}\n`;
}

/** What a file has to say of a trace's circumstances. */
function circumstancesOf({ model, circumstances }: Trace): Circumstances | undefined {
  if (circumstances === undefined || !model.layers.some(({ kind }) => kind.looksAtContext)) return undefined;
  const { mode, seed, step } = circumstances;
  const isFirst = mode === FIRST_STEP.mode && seed === FIRST_STEP.seed && step === FIRST_STEP.step;
  return isFirst ? undefined : { mode, seed, step };
}

/**
 * The trace in a .npz file. Names may leave out a layer's number where it is the only one of its kind (`conv.out`).
 * @param model the network that it is a trace of
 * @param source what to call the file in an error
 * @param usual what its layers went by if the file doesn't say so, or that by how many images it has; default the first step of a training
 * @throws InputError if the file is damaged, or its arrays are not those of a trace of the model
 */
export function parseTraceNpz(
  model: Model,
  bytes: Uint8Array,
  source: string,
  usual?: Circumstances | ((images: number) => Circumstances | undefined),
): Trace {
  const all = parseNpz(bytes, source);
  const said = circumstancesIn(all, source);
  const otherwise = typeof usual === "function" ? usual(all.x?.shape[0] ?? 0) : usual;
  const circumstances = said ?? otherwise ?? FIRST_STEP;
  const arrays = Object.entries(all)
    .filter(([name]) => !name.startsWith(CIRCUMSTANCES))
    .map(([name, { shape, data }]): [string, Tensor] => [
      name,
      {
        shape,
        data: data instanceof Float32Array || data instanceof Float64Array ? data : Float64Array.from(data),
      },
    ]);
  return traceOf(model, arrays, circumstances, source);
}

/** As parseTraceNpz, for JSON, which names its model. */
export function parseTraceJson(text: string, source: string): Trace {
  const { model: spec, dtype, tensors, circumstances } = readJson(text, source);
  const model = inFile(source, () => defineModel(spec));
  const arrays = Object.entries(tensors).map(([name, values]): [string, Tensor] => {
    const inFloat64 = dtype === "float64" || name === "y" || name === "loss" || name === "lr";
    const { shape, numbers } = flat(values, `${source}: ${show(name)}`);
    return [name, { shape, data: inFloat64 ? Float64Array.from(numbers) : Float32Array.from(numbers) }];
  });
  return traceOf(model, arrays, circumstances, source);
}

function traceOf(
  model: Model,
  arrays: readonly [string, Tensor][],
  { mode, seed, step }: Circumstances,
  source: string,
): Trace {
  const fail = (problem: string): never => {
    throw new InputError(`${source}: ${problem}.`);
  };
  const all: NamedTensors = {};
  for (const [given, one] of arrays) {
    const name = contractName(model, given);
    if (Object.hasOwn(all, name)) fail(`it has ${name} twice, also as ${given}`);
    all[name] = one;
  }
  if (!Object.hasOwn(all, "x")) fail("it has no x, the images");
  if (all.x.data.length === 0) fail("its x holds no images");
  const several = model.loss.takesSeveral && all.y?.shape.length === 2;
  const shapes = shapesOfTrace(model, all.x.shape[0] ?? 0, several);
  for (const [name, { shape }] of Object.entries(all)) {
    if (!Object.hasOwn(shapes, name)) fail(`a trace of this network has no ${show(name)}`);
    const due = shapes[name];
    if (!sameShape(shape, due))
      fail(
        `${name} has shape ${formatShape(shape)}, but in a trace of this network it is ${formatShape(due)}`,
      );
  }
  const missing = Object.keys(shapes).find(
    (name) => !/^(grad|new)\.|^lr$/.test(name) && !Object.hasOwn(all, name),
  );
  if (missing !== undefined) fail(`it has no ${missing}, which every trace has`);
  const { y, loss, lr, ...tensors } = all;
  const most = several ? 1 : model.classes.length - 1;
  const wrong = y.data.find((label) => !Number.isInteger(label) || label < 0 || label > most);
  const due = several ? "with several labels at once they are 0 or 1" : `the classes are 0 to ${most}`;
  if (wrong !== undefined) fail(`y holds ${wrong}, but ${due}`);
  return {
    model,
    labels: y.data,
    circumstances: { mode, seed, step },
    loss: loss.data[0],
    tensors,
    ...(lr && { learningRate: lr.data[0] }),
  };
}

interface TraceJson {
  readonly model: ModelSpec;
  readonly dtype: string;
  readonly circumstances: Circumstances;
  readonly tensors: Readonly<Record<string, unknown>>;
}

function readJson(text: string, source: string): TraceJson {
  let json: Partial<TraceJson> | null;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const problem = (error as Error).message.replace(/\s+/g, " ").replace(/\.$/, "");
    throw new InputError(`${source}: it is not valid JSON: ${problem}.`);
  }
  const { model, dtype, tensors, circumstances = {} } = json ?? {};
  const known = dtype === "float32" || dtype === "float64";
  if (!model || !known || typeof tensors !== "object" || tensors === null) {
    throw new InputError(
      `${source}: it is not a trace: it must have "model", "dtype" (float32 or float64) and "tensors".`,
    );
  }
  inFile(source, () => checkOptions("Its circumstances", circumstances, circumstanceChecks));
  return { model, dtype, tensors, circumstances: { ...FIRST_STEP, ...circumstances } };
}

/** A tensor as nested lists. */
function nested({ shape, data }: Tensor): string {
  const single = data instanceof Float32Array;
  const list = (axis: number, begin: number): string => {
    if (axis === shape.length) return number(data[begin], single);
    const size = sizeOf(shape.slice(axis + 1));
    return `[${Array.from({ length: shape[axis] }, (_, k) => list(axis + 1, begin + k * size)).join(",")}]`;
  };
  return list(0, 0);
}

/** The shortest text that gives the number back. */
function number(value: number, single: boolean): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  if (Object.is(value, -0)) return "-0";
  if (!single) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** Nested lists as a shape and numbers in row-major order. */
function flat(values: unknown, what: string): { shape: Shape; numbers: number[] } {
  const shape: number[] = [];
  for (let inner = values; Array.isArray(inner) && shape.length <= MOST_AXES; inner = inner[0]) {
    shape.push(inner.length);
  }
  const numbers: number[] = [];
  const visit = (value: unknown, axis: number): void => {
    if (axis < shape.length && Array.isArray(value) && value.length === shape[axis]) {
      for (const inner of value) visit(inner, axis + 1);
    } else if (axis === shape.length && (typeof value === "number" || NOT_FINITE.has(value))) {
      numbers.push(Number(value));
    } else {
      throw new InputError(
        `${what} must be nested lists of numbers, all of a depth as long as each other, but holds ${show(value)}.`,
      );
    }
  };
  visit(values, 0);
  return { shape, numbers };
}

/** No tensor of a trace has more. */
const MOST_AXES = 4;

const NOT_FINITE = new Set<unknown>(["NaN", "Infinity", "-Infinity"]);
