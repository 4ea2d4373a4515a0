import { type Model, type ModelLayer, type ModelParameter, type Shape, sizeOf } from "unravel-cnn";

/*
 * What follows from a network's graph, shapes and parameters, whatever its layers are: how the tensors between them lie, and
 * what belongs together. A parameter of 4 dimensions is kernels, one of 2 a matrix; both mix channels.
 */

/** Of a tensor between layers. */
export interface Lie {
  /** How it lies in space: `[channels, rows, columns]`; undefined for units that lie nowhere. */
  readonly space: Shape | undefined;
  /** Tensors with the same channels turn their pages together: the name of the first of their layers, or `x`. */
  readonly group: string;
  /** Whether numbers below 0 are to be expected, so that the scale has 0 in its middle. */
  readonly isSigned: boolean;
}

const known = new WeakMap<Model, ReadonlyMap<string, Lie>>();

/** How the tensor of this name lies; undefined if it isn't one between layers, or the picture. */
export function lieOf(model: Model, tensor: string): Lie | undefined {
  let lies = known.get(model);
  if (!lies) {
    lies = liesOf(model);
    known.set(model, lies);
  }
  return lies.get(tensor);
}

/** A layer's parameter with so many dimensions. */
export function parameterOf(
  { parameters }: Pick<ModelLayer, "parameters">,
  dimensions: number,
): ModelParameter | undefined {
  return parameters.find(({ shape }) => shape.length === dimensions);
}

/**
 * Whether a layer gives the numbers of its input as they are, only in another shape, as flatten does: its pictures would be
 * those of the layer before it.
 */
export function onlyReshapes(layer: ModelLayer): boolean {
  const { inputs, inputShape, outputShape, parameters } = layer;
  return (
    inputs.length === 1 &&
    parameters.length === 0 &&
    inputShape.length !== outputShape.length &&
    sizeOf(inputShape) === sizeOf(outputShape)
  );
}

/** The most rows of pictures that any layer needs, at most `most`. */
export function rowsOf(model: Model, most: number): number {
  const channels = model.layers.map(({ output }) => lieOf(model, output)?.space?.[0] ?? 1);
  return Math.min(most, Math.max(...channels));
}

/**
 * How often pages are turned below the maps of a layer, at most: where it has more pictures than `most`, and where it has kernels
 * for several inputs, of which one is shown at a time.
 */
export function pagersOf(model: Model, most: number): number {
  const counts = model.layers.map((layer) => {
    const channels = lieOf(model, layer.output)?.space?.[0] ?? 1;
    return Number(channels > most) + Number((parameterOf(layer, 4)?.shape[1] ?? 1) > 1);
  });
  return Math.max(...counts);
}

function liesOf(model: Model): Map<string, Lie> {
  const spaces = new Map<string, Shape | undefined>([["x", model.inputShape]]);
  const groups = new Map([["x", "x"]]);
  const signed = new Set<string>();
  const channelsOf = (tensor: string) => spaces.get(tensor)?.[0] ?? 1;
  for (const layer of model.layers) {
    const { name, kind, inputs, output, parameters } = layer;
    spaces.set(output, spaceOf(layer, inputs, spaces));
    groups.set(output, name);
    const mixes = parameters.some(({ shape }) => shape.length > 1);
    if (!mixes && inputs.every((input) => channelsOf(input) === channelsOf(output)))
      join(groups, inputs, output);
    // what has kinks may cut a sign off
    const cutsSigns = kind.branches !== undefined || kind.neverNegative === true;
    const keepsSigns = !cutsSigns && inputs.some((input) => signed.has(input));
    if (parameters.length > 0 || keepsSigns) signed.add(output);
  }
  return new Map(
    [...groups].map(([tensor, group]) => [
      tensor,
      { space: spaces.get(tensor), group, isSigned: signed.has(tensor) },
    ]),
  );
}

/** A row of numbers lies as what it was made of, number by number; what a matrix gives lies nowhere. */
function spaceOf(
  layer: ModelLayer,
  inputs: readonly string[],
  spaces: ReadonlyMap<string, Shape | undefined>,
): Shape | undefined {
  const { inputShape, outputShape } = layer;
  if (outputShape.length === 3) return outputShape;
  if (sizeOf(outputShape) !== sizeOf(inputShape) || parameterOf(layer, 2)) return undefined;
  const space = spaces.get(inputs[0]);
  return inputs.every((input) => String(spaces.get(input)) === String(space)) ? space : undefined;
}

/** Makes one group of those of all these tensors, called like the first of its layers. */
function join(groups: Map<string, string>, inputs: readonly string[], output: string): void {
  const joined = new Set([...inputs, output].map((tensor) => groups.get(tensor)));
  const name = [...groups.values()].find((group) => group !== "x" && joined.has(group)) as string;
  for (const [tensor, group] of groups) if (joined.has(group)) groups.set(tensor, name);
}
