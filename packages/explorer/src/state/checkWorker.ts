import {
  type CheckReport,
  checkArrays,
  defineModel,
  InputError,
  initialParameters,
  type NamedTensors,
  parseNpz,
  sameShape,
  shapesOfTrace,
  type Tensor,
  type Trace,
  tensor,
  tensorsOfModel,
  trace,
} from "unravel-cnn";

/*
 * Checks somebody's arrays beside the page's own thread: many mistakes are tried on them.
 */

export interface Checked {
  readonly report: CheckReport;
  /** The first array that differs, and what it should be, where both lie in the library's order. */
  readonly first?: { readonly yours: Tensor; readonly right: Tensor };
  /** The step as the library does it, from the person's images and weights. */
  readonly step?: Omit<Trace, "model">;
}

export type CheckAnswer = Checked | { readonly problem: string };

self.onmessage = ({ data: { name, bytes } }: MessageEvent<{ name: string; bytes: Uint8Array }>) => {
  self.postMessage(check(name, bytes));
};

function check(name: string, bytes: Uint8Array): CheckAnswer {
  try {
    const arrays = parseNpz(bytes, name);
    const report = checkArrays(arrays);
    const { units } = report.model.layers.at(-1) as { readonly units?: number };
    if (units === 1) return { report }; // one score is no model of the library, which has one for each class
    const model = defineModel(report.model);
    const given: NamedTensors = Object.fromEntries(
      Object.entries(arrays).map(([own, { shape, data }]) => [
        report.names[own] ?? own,
        tensor(shape, Float64Array.from(data), "float64"),
      ]),
    );
    const shapes = shapesOfTrace(model, report.images);
    const start = ["x", "y", ...model.parameters.map(({ fullName }) => fullName)];
    const isComplete = start.every((one) => given[one] && sameShape(given[one].shape, shapes[one]));
    if (!isComplete) return { report };
    // a step of training goes by the batch's own statistics, so that running ones needn't be given
    const fresh = initialParameters(model, 0, "he", "float64");
    const parameters = Object.fromEntries(
      tensorsOfModel(model).map(({ fullName }) => [fullName, given[fullName] ?? fresh[fullName]]),
    );
    const { labels, loss, tensors } = trace(model, parameters, given.x, given.y.data);
    const { first } = report;
    const yours = first === null ? undefined : given[first];
    const right = first === null ? undefined : tensors[first];
    const canCompare = yours && right && sameShape(yours.shape, right.shape);
    return {
      report,
      step: { labels, loss, tensors },
      ...(canCompare && { first: { yours, right } }),
    };
  } catch (error) {
    if (error instanceof InputError) return { problem: error.message };
    return { problem: `${name}: it could not be checked: ${(error as Error).message}.` };
  }
}
