import { type NpyArray, parseNpz } from "../../src/index.js";
import { numpyFile } from "./numpy.js";

export type Arrays = Record<string, NpyArray>;

/** What numpy/make_mistakes.py wrote for a network: the right arrays, and those that each mistake changes. */
export interface MistakesFile {
  readonly right: Arrays;
  /** `kernel-flipped-forward/0`, with the changed arrays. */
  readonly cases: ReadonlyMap<string, Arrays>;
}

export function readMistakes(network: string): MistakesFile {
  const file = `mistakes-${network}.npz`;
  const { index, numbers } = parseNpz(numpyFile(file), file);
  const entries: [string, string, string, number[]][] = JSON.parse(
    new TextDecoder().decode(index.data as Uint8Array),
  );
  const cases = new Map<string, Arrays>();
  let at = 0;
  for (const [name, array, dtype, shape] of entries) {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const data = numbers.data.slice(at, at + size);
    at += size;
    const arrays = cases.get(name) ?? {};
    arrays[array] = { shape, data, dtype: dtype.startsWith("int") ? dtype : numbers.dtype };
    cases.set(name, arrays);
  }
  const right = cases.get("right") ?? {};
  cases.delete("right");
  return { right, cases };
}
