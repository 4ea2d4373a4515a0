import { InputError, inContext, show } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { fillNormal } from "../normals.js";
import { kindOf, oneOf } from "../options.js";
import { checkSeed } from "../random.js";
import {
  checkTensor,
  type DType,
  dtypes,
  formatShape,
  type NamedTensors,
  sameShape,
  zeros,
} from "../tensor.js";
import type { Model, ModelParameter, ModelState } from "./model.js";

/**
 * How weights start. `he`: normal with variance 2 / fan-in, which keeps the size of the signals the same from layer to
 * layer through ReLUs (K. He et al., "Delving deep into rectifiers", 2015). `normal`: plain normal with variance 1, as
 * NumPy's `randn` gives. Biases start at zero either way.
 */
export type Init = "he" | "normal";

/** The ways in which weights can start, the default first. */
export const inits: readonly Init[] = ["he", "normal"];

/**
 * Fresh parameters and state under their names. Each parameter has a random stream of its own, so that its values depend on the
 * seed, its name and its shape alone.
 * @throws InputError if the seed is not a whole number in [0, 2^32), or `init` is unknown.
 */
export function initialParameters(
  model: Model,
  seed: number,
  init: Init = "he",
  dtype: DType = "float32",
): NamedTensors {
  checkSeed(seed);
  inContext("Fresh weights", () => {
    oneOf(inits)("init", init);
    oneOf(dtypes)("dtype", dtype);
  });
  const parameters: NamedTensors = {};
  for (const { fullName, shape, fanIn, initial = 0 } of model.parameters) {
    const parameter = zeros(shape, dtype);
    if (fanIn > 0) {
      fillNormal(parameter.data, seed, `init/${fullName}`, init === "he" ? Math.sqrt(2 / fanIn) : 1);
    } else parameter.data.fill(initial);
    parameters[fullName] = parameter;
  }
  for (const { fullName, shape, initial } of model.state) {
    parameters[fullName] = zeros(shape, dtype);
    parameters[fullName].data.fill(initial);
  }
  return parameters;
}

/** All that a model holds numbers in: what it learns, then what its layers keep besides. */
export function tensorsOfModel({ parameters, state }: Model): readonly (ModelParameter | ModelState)[] {
  return [...parameters, ...state];
}

/**
 * Looks whether parameters are those of a model, in names, shapes and values.
 * @param parameters those of the model, and its state
 * @throws InputError if one is missing or has another shape, a name is not one of the model's, or a value is not a finite number,
 *   or below what it can be, as a variance below 0.
 */
export function checkParameters(model: Model, parameters: NamedTensors): void {
  checkNumbers(tensorsOfModel(model), parameters);
  for (const { fullName, smallest = -Infinity } of model.state) {
    const { data } = parameters[fullName];
    const wrong = data.findIndex((value) => value < smallest);
    if (wrong < 0) continue;
    throw new InputError(
      `The parameter ${fullName} holds ${data[wrong]} at number ${wrong}, but such numbers are at least ${smallest}.`,
    );
  }
}

/** As `checkParameters`, for tensors that are like those parameters: what an optimizer remembers of each. */
export function checkNumbers(wanted: readonly Wanted[], parameters: NamedTensors): void {
  checkGiven(wanted, parameters);
  const known = new Set(wanted.map(({ fullName }) => fullName));
  for (const name of Object.keys(parameters)) {
    if (known.has(name)) continue;
    throw new InputError(`The model has no parameter ${show(name)}${didYouMean(name, [...known])}.`);
  }
  for (const { fullName } of wanted) {
    const { data } = parameters[fullName];
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw new InputError(`The parameter ${fullName} holds ${data[wrong]} at number ${wrong}.`);
  }
}

/**
 * As `checkParameters`, but whatever their values are, and whatever else there is: a trace's tensors have the parameters among
 * them.
 */
export function checkShapes(model: Model, parameters: NamedTensors): void {
  checkGiven(tensorsOfModel(model), parameters);
}

type Wanted = Pick<ModelState, "fullName" | "shape">;

function checkGiven(wanted: readonly Wanted[], parameters: NamedTensors): void {
  if (typeof parameters !== "object" || parameters === null) {
    throw new InputError(
      `The parameters must be an object of tensors by their names, not ${kindOf(parameters)}.`,
    );
  }
  for (const { fullName, shape } of wanted) {
    if (!Object.hasOwn(parameters, fullName)) throw new InputError(`The parameter ${fullName} is missing.`);
    const given = parameters[fullName];
    inContext(`The parameter ${fullName}`, () => checkTensor(given));
    if (!sameShape(given.shape, shape)) {
      throw new InputError(
        `The parameter ${fullName} has shape ${formatShape(given.shape)}, but the model needs ${formatShape(shape)}.`,
      );
    }
  }
}
