import { backward, type Circumstances, type Model, type NamedTensors, type Tensor } from "unravel-cnn";

/*
 * While somebody draws on the way forward, each point of a stroke makes all numbers anew. The backward pass, which takes longer than the
 * forward one, runs only when somebody reads a gradient; which gradients there are, and their shapes, is known before.
 */

/** The gradients that a network has, by their names, in their order: known after its first backward pass. */
const known = new WeakMap<Model, readonly string[]>();

/**
 * As `backward`: the numbers of all gradients are computed when those of the first are read.
 * @param tensors what `backward` takes; nobody may change them
 */
export function lazyGradients(
  model: Model,
  tensors: NamedTensors,
  labels: ArrayLike<number>,
  circumstances: Circumstances,
): NamedTensors {
  const names = known.get(model);
  if (!names) {
    const gradients = backward(model, tensors, labels, circumstances);
    known.set(model, Object.keys(gradients));
    return gradients;
  }
  let computed: NamedTensors | undefined;
  const lazy = (name: string): Tensor => ({
    shape: tensors[name.slice("grad.".length)].shape,
    get data() {
      computed ??= backward(model, tensors, labels, circumstances);
      return computed[name].data;
    },
  });
  return Object.fromEntries(names.map((name) => [name, lazy(name)]));
}
