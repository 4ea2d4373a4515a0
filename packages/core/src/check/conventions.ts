import { readLabels } from "./labels.js";
import type { Reading } from "./layoutOfArrays.js";
import { ORDERS } from "./layouts.js";
import type { NamedArrays } from "./names.js";
import type { FoundConvention } from "./report.js";
import { sortArrays } from "./status.js";

/** What the person does in another order or on another scale than the library: no mistakes. */
export function conventionsOf(reading: Reading, { arrays }: NamedArrays): FoundConvention[] {
  const found = new Map<string, { what: string; arrays: string[] }>();
  const note = (name: string, what: string, array: string) => {
    const known = found.get(name) ?? { what, arrays: [] };
    found.set(name, { what, arrays: [...known.arrays, array] });
  };
  const { network, raw, flatten } = reading;
  for (const [name, { array, layout }] of raw) {
    if (array.dtype === "float16" || array.dtype === "float32")
      note(array.dtype, `The numbers are ${array.dtype}, and were compared with its accuracy.`, name);
    if (!layout) continue;
    const { order, columns } = layout;
    const key = order.join();
    if (/weight$/.test(name) && order.length === 2 && key === ORDERS.matrix.columns.join())
      note("dense-weights-in-out", "Dense weights lie as [in, out], for x @ w.", name);
    else if (/weight$/.test(name) && order.length === 4) noteFilters(name, key, array.shape.length);
    else if (order.length === 4) noteImages(name, key);
    else if (order.length === 2 && key === ORDERS.matrix.columns.join())
      note("images-in-columns", "Each image is a column, for w @ x.", name);
    const whole = name === "x" ? 4 : (network.shapes.get(name)?.length ?? 0);
    const isActivation = name === "x" || name === "grad.x" || name.endsWith(".out") || name === "probs";
    if (isActivation && network.images === 1 && array.shape.length < whole && whole > 1)
      note("no-batch-dimension", "A single image has no dimension for the batch.", name);
    if (
      isActivation &&
      whole === 2 &&
      array.shape.length > 2 &&
      array.shape.filter((size) => size !== 1).length > 2
    )
      note("rows-not-flat", "Rows of numbers still have the shape of images, which changes no number.", name);
    if (isActivation && whole === 4 && network.images > 1 && array.shape.length === 2)
      note("flat-images", "Images are written in one row each.", name);
    if (columns)
      note(
        `flatten-${flatten.toLowerCase()}`,
        `Flatten goes through the dimensions in the order ${flatten}, where the last one runs fastest.`,
        name,
      );
  }
  const y = arrays.get("y");
  if (y) {
    const { given } = readLabels(y, network.images, network.classes);
    if (given === "one-hot") note("one-hot-labels", "Labels have a 1 for the right class.", "y");
    if (given === "one-hot columns")
      note("one-hot-labels", "Labels have a 1 for the right class, each image a column.", "y");
    if (given === "answers")
      note("answers", "Labels have a number for each class, so that several classes can be right.", "y");
    if (given === "numbers from 1") note("labels-from-one", "Classes are counted from 1.", "y");
  }
  const gradients = () => sortArrays(reading, reading.run).right.filter((name) => name.startsWith("grad."));
  if (network.scale === "sum") {
    for (const name of [...(arrays.has("loss") ? ["loss"] : []), ...gradients()])
      note(
        "summed-loss",
        "The loss is the sum over the batch, and so are its gradients; the learning rate has to fit.",
        name,
      );
  }
  if (network.scale === "parameters") {
    for (const name of gradients())
      note(
        "mean-at-parameters",
        "The mean over the batch is taken where parameters get their gradients.",
        name,
      );
  }
  return [...found].map(([name, { what, arrays }]) => ({ name, arrays, what }));

  function noteFilters(name: string, key: string, dimensions: number): void {
    const kind = Object.entries(ORDERS.filters).find(([, order]) => order.join() === key)?.[0];
    if (kind && kind !== "oihw")
      note(`filters-${kind}`, `Filters lie in the order ${kind.toUpperCase()}.`, name);
    if (dimensions < 4)
      note("filters-without-channels", "Filters have no dimension for a single channel.", name);
  }
  function noteImages(name: string, key: string): void {
    const kind = Object.entries(ORDERS.images).find(([, order]) => order.join() === key)?.[0];
    if (kind === "nhwc") note("channels-last", "Images lie as [N, H, W, C].", name);
    else if (kind && kind !== "nchw")
      note(`images-${kind}`, `Images lie in the order ${kind.toUpperCase()}.`, name);
  }
}
