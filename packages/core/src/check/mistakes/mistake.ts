import type { CheckedNetwork, NetworkLayer } from "../network.js";
import type { Change, Run, Variation } from "../run.js";

/** A mistake that people make, and all the ways to make it in a network. */
export interface Mistake {
  /** `kernel-flipped-forward` */
  readonly name: string;
  /** One sentence. */
  readonly why: string;
  /** The right line, or lines, of NumPy. */
  readonly fix: string;
  /** Whether it is only another way to do it right: a convention. */
  readonly harmless?: true;
  /**
   * @param run what is right, and what is given: where a mistake has a number of its own, such as how strongly weights decay,
   *   it is the one that fits the person's arrays best
   */
  variations(network: CheckedNetwork, run: Run): Variation[];
}

/** A variation that changes one array. */
export function at(name: string, change: Change): Variation {
  return { changes: { [name]: change } };
}

/** A variation whose array has another shape than the right one, so that nothing can have gone on from it. */
export function misshapen(name: string, change: Change): Variation {
  return { changes: {}, shown: { [name]: change } };
}

/** A variation that changes several. */
export function together(...parts: readonly Variation[]): Variation {
  const shown = Object.assign({}, ...parts.map((part) => part.shown));
  const detail = parts.find((part) => part.detail)?.detail;
  return {
    ...(detail && { detail }),
    changes: Object.assign({}, ...parts.map(({ changes }) => changes)),
    ...(Object.keys(shown).length > 0 && { shown }),
  };
}

/** The variations at each layer of a type. */
export function atLayers<Resolved>(
  type: string,
  variations: (
    layer: NetworkLayer & { readonly resolved: Resolved },
    network: CheckedNetwork,
    run: Run,
  ) => Variation[],
): (network: CheckedNetwork, run: Run) => Variation[] {
  return (network, run) => {
    const each = network.layers
      .filter((layer) => layer.type === type && !isInGroups(layer))
      .map((layer) => variations(layer as NetworkLayer & { resolved: Resolved }, network, run));
    // Whoever calls the same function for each layer makes the same mistake in each.
    const equallyMany = each.length > 1 && each.every(({ length }) => length === each[0].length);
    const inAll = equallyMany ? each[0].map((_, k) => together(...each.map((one) => one[k]))) : [];
    return [...each.flat(), ...inAll];
  };
}

/** The mistakes that are known of convolutions are those of convolutions in which all channels meet. */
const isInGroups = ({ resolved }: NetworkLayer) => "groups" in resolved && resolved.groups !== 1;

/** The names of all parameters. */
export function parameterNames({ layers }: CheckedNetwork): string[] {
  return layers.flatMap(({ parameters }) => parameters.map(({ name }) => name));
}
