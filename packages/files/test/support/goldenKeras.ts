import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseNpz, type Tensor, tensor } from "unravel-cnn";

/* Files in Keras's layout that golden/make_keras.py wrote with h5py, not Keras; and what they compute, by NumPy's loops. */

const folder = new URL("../../golden/keras/", import.meta.url);

export const kerasNames = readdirSync(fileURLToPath(folder)).filter((name) => !name.endsWith(".npz"));

/** Where a file of golden/keras lies. */
export const kerasPath = (name: string): string => fileURLToPath(new URL(name, folder));

export const kerasBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(kerasPath(name)));

const expected = parseNpz(kerasBytes("expected.npz"), "expected.npz");

/** An input as the network takes it in Keras, and the scores for it, by the file's name. */
export function goldenCase(name: string): { x: Tensor; y: number[] } {
  const [x, y] = ["x", "y"].map((part) => {
    const found = expected[`${name.replace(/\.\w+$/, "")}.${part}`];
    return tensor(found.shape, Array.from(found.data, Number));
  });
  return { x, y: [...y.data] };
}
