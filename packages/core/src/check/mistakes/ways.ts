import { sharesOf } from "../network.js";
import { at, type Mistake, together } from "./mistake.js";
import { zerosLike } from "./tools.js";

export const gradientOfOneWay: Mistake = {
  name: "gradient-of-one-way",
  why: "The array goes into several layers, and its gradient is the sum of what comes back from each; here not all are added.",
  fix: "dx = dx_conv + dx_skip  # or dx += dx_skip; not =",
  variations: ({ layers }) =>
    [...sharesOf(layers).values()].flatMap((shares) =>
      shares.flatMap((one) => {
        const leftOut = (name: string) => at(name, (_, right) => zerosLike(right()));
        return [leftOut(one), together(...shares.filter((name) => name !== one).map(leftOut))];
      }),
    ),
};
