import type { Reading } from "./layoutOfArrays.js";
import type { FoundMistake } from "./report.js";

/*
 * A later step of momentum, Adam and the like depends on steps before it that nobody has saved. It looks like this: no new
 * parameter is what gradient descent gives, nothing that is known explains one, and all moved downhill.
 */

/** The new parameters, if they have been moved by another optimizer's later step; else none. */
export function movedByOther({ network, run }: Reading, mistakes: readonly FoundMistake[]): string[] {
  const names = network.layers.flatMap(({ parameters }) => parameters.map(({ name }) => name));
  const given = names.filter((name) => run.given.has(`new.${name}`) && run.expected(`new.${name}`));
  const unexplained = new Set(mistakes.filter(({ name }) => name === "unknown").map(({ array }) => array));
  if (given.length < 2 || !given.every((name) => unexplained.has(`new.${name}`))) return [];
  const steps = given.map((name) => stepOf(name));
  const downhill = steps.reduce((sum, { along }) => sum + along, 0);
  // a step along the gradient, only too long or too short, is one of gradient descent with a mistake
  const straight = steps.every(({ along, length, slope }) => Math.abs(along) > 0.999999 * length * slope);
  return downhill > 0 && !straight ? given.map((name) => `new.${name}`) : [];

  function stepOf(name: string) {
    const [before, after] = [name, `new.${name}`].map((one) => run.tensor(one).data);
    const gradient = run.tensor(`grad.${name}`).data;
    let [along, length, slope] = [0, 0, 0];
    for (let k = 0; k < before.length; k++) {
      const step = before[k] - after[k];
      along += step * gradient[k];
      length += step * step;
      slope += gradient[k] ** 2;
    }
    return { along, length: Math.sqrt(length), slope: Math.sqrt(slope) };
  }
}

export const OTHER_OPTIMIZER =
  "The update is no plain gradient descent, nor the first step of another optimizer that is known here, but it goes downhill: as in a later step of momentum or Adam, which depends on the steps before. It was not judged.";
