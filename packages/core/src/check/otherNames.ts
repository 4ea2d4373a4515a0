import { show } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";
import { editDistance } from "../nearest.js";
import { formatShape, sizeOf } from "../tensor.js";

/* What is said of arrays whose names are not known here. */

/** No more names than this are listed in a sentence. */
const MOST_LISTED = 12;

/** `"dense1.weight", "dense1.bias", ...`: the names nearest to what was wanted first. */
export function listNames(names: readonly string[], wanted: readonly string[]): string {
  const distance = (name: string) => Math.min(...wanted.map((other) => distanceOf(name, other)));
  const sorted = [...names].sort((a, b) => distance(a) - distance(b));
  const listed = sorted.slice(0, MOST_LISTED).map(show).join(", ");
  return sorted.length > MOST_LISTED ? `${listed} and ${sorted.length - MOST_LISTED} more` : listed;
}

/** How far two names are from each other, where it counts most what stands behind the last dot: `dense1.weight`, `fc1.weight`. */
function distanceOf(name: string, wanted: string): number {
  const [a, b] = [name.slice(0, 64).toLowerCase(), wanted.toLowerCase()];
  const last = (text: string) => text.split(/[._]/).pop();
  return editDistance(a, b) + (last(a) === last(b) ? 0 : 100) + (isGradient(a) === isGradient(b) ? 0 : 50);
}

/** Whether a name looks like a gradient's: `dW1`, `db2`, `grad_w`, `fc1.weight.grad`, `delta2`. */
export function isGradient(name: string): boolean {
  return /grad|^delta/i.test(name) || /^d[A-Z_]/.test(name) || /^d(w|b|z|a|x|y|h|out)\d*$/.test(name);
}

/** ` The file has "dense1.weight", ...`: what one may have meant; empty if every name was known. */
export function othersInFile(unknown: ReadonlyMap<string, NpyArray>, wanted: string): string {
  if (unknown.size === 0) return "";
  return `; the file has ${listNames([...unknown.keys()], [wanted])}, whose names are not known here (see unravel check --how)`;
}

/**
 * What to say first if there are gradients in the file and the name of none was understood: nothing is right then.
 * @param shapes of the gradients that there could be, by their names
 */
export function unknownGradients(
  arrays: ReadonlyMap<string, NpyArray>,
  unknown: ReadonlyMap<string, NpyArray>,
  shapes: ReadonlyMap<string, readonly number[]>,
): string | undefined {
  const names = [...unknown.keys()].filter(isGradient);
  if (names.length === 0 || [...arrays.keys()].some((name) => name.startsWith("grad."))) return undefined;
  const meant = names.flatMap((name) => {
    const contract = onlyOfShape(unknown.get(name)!, shapes);
    return contract === undefined ? [] : [`${name} is probably ${contract}`];
  });
  const hint = meant.length === 0 ? "" : ` (by the shapes, ${meant.slice(0, 4).join(", ")})`;
  return `The file has gradients, but none of their names is known here, so that no gradient was checked: ${listNames(names, ["grad.conv1.weight"])}; call them grad.conv1.weight, grad.fc1.out and so on${hint}, as unravel check --how does.`;
}

/** The only gradient that has an array's shape, or its transposed one. */
function onlyOfShape(
  { shape }: NpyArray,
  shapes: ReadonlyMap<string, readonly number[]>,
): string | undefined {
  if (sizeOf(shape) === 1) return undefined;
  const wanted = [formatShape(shape), formatShape([...shape].reverse())];
  const fitting = [...shapes].filter(
    ([name, its]) => name.startsWith("grad.") && wanted.includes(formatShape(its)),
  );
  return fitting.length === 1 ? fitting[0][0] : undefined;
}
