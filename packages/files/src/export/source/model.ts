import { checkParameters, counted, type Model, type NamedTensors, tensorsOfModel } from "unravel-cnn";
import { pythonNumber } from "./python.js";

/* What programs have to say of a network as a whole. */

/**
 * The parameters in their order, and what layers keep besides.
 * @throws InputError if a number is too large for float32
 */
export function inFloat32(model: Model, parameters: NamedTensors): Record<string, Float32Tensor> {
  const converted = Object.fromEntries(
    tensorsOfModel(model).map(({ fullName }) => {
      const { shape, data } = parameters[fullName];
      return [fullName, { shape, data: Float32Array.from(data) }];
    }),
  );
  checkParameters(model, converted);
  return converted;
}

export interface Float32Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Whether pixels are changed before they go in. */
export const isNormalized = ({ normalize: { mean, std } }: Model): boolean =>
  mean.some((value) => value !== 0) || std.some((value) => value !== 1);

/** `MEAN, DEVIATION = 0.13, 0.31`, in Python. */
export function meanAndDeviation({ normalize: { mean, std } }: Model, array: string): string[] {
  const of = (values: readonly number[]) =>
    values.length === 1
      ? pythonNumber(values[0])
      : `${array}([${values.map(pythonNumber).join(", ")}])[:, None, None]`;
  return [
    "# of the pixels, which are normalised before they go in",
    `MEAN = ${of(mean)}`,
    `DEVIATION = ${of(std)}`,
  ];
}

/** `13,610 numbers are learnt` */
export const numbersLearnt = ({ parameterCount }: Model): string =>
  `${counted(parameterCount, "number")} ${parameterCount === 1 ? "is" : "are"} learnt`;
