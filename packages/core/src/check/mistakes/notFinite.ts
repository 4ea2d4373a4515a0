import type { Mistake } from "./mistake.js";

/** No computation with a mistake gives it: it is looked for before all others. */
export const notFinite: Mistake = {
  name: "not-finite",
  why: "The array holds numbers that are none (nan) or infinite, and everything that is computed from them is lost.",
  fix: "assert np.isfinite(a).all()  # after each line, to see where they begin",
  variations: () => [],
};

const CAUSES: readonly (readonly [RegExp, cause: string, fix: string])[] = [
  [
    /^x$/,
    "the images were damaged before the network saw them, as by 0/0 where a constant pixel is divided by its deviation, or by what was missing in their file",
    "x = (x - mean) / (std + 1e-8); assert np.isfinite(x).all()",
  ],
  [/^lr$/, "the learning rate itself is no number", "lr = 0.01"],
  [
    /^[^.]+\.(weight|bias|running_mean|running_var)$/,
    "the training has diverged before this step: a learning rate that is too large, or a gradient that was infinite once",
    "lr = 0.1 * lr  # begin again, from fresh weights",
  ],
  [
    /^probs$/,
    "the exponential of a large score overflows, and infinity divided by infinity is no number",
    "e = np.exp(z - z.max(axis=1, keepdims=True)); p = e / e.sum(axis=1, keepdims=True)",
  ],
  [
    /^loss$/,
    "the logarithm of 0 is infinite, and 0 times infinity is no number: a probability has become 0",
    "loss = -np.log(p[np.arange(N), y] + 1e-12).mean()  # only the right class's; not np.sum(y * np.log(p))",
  ],
  [
    /^grad\./,
    "something was divided by 0, such as -y / p where a probability is 0, or numbers overflowed",
    "dz = (p - onehot) / N  # softmax and cross-entropy together, with no division by p",
  ],
  [
    /^new\./,
    "the step was infinite, or was divided by 0, as by the square root of a sum that begins at 0",
    "w -= lr * m / (np.sqrt(v) + 1e-8)",
  ],
  [
    /./,
    "numbers overflowed on the way, or something was divided by 0; look at the largest weight and the largest input",
    "print(np.abs(x).max(), np.abs(w).max())",
  ],
];

/** What is most likely the matter with an array, and what to do. */
export function causeOf(name: string): { why: string; fix: string } {
  const [, cause, fix] = CAUSES.find(([names]) => names.test(name))!;
  return { why: `Likely, ${cause}. Nothing that is computed from it can be judged.`, fix };
}
