import { type AnyLayer, type AnyLayerSpec, layerKinds } from "../layers/index.js";
import type { Candidate } from "./candidates.js";
import type { Reading } from "./layoutOfArrays.js";
import {
  type ChainPart,
  inEvaluation,
  type NetworkLayer,
  resolveChain,
  type SeparateLoss,
  specOfChain,
} from "./network.js";
import { kindOfName } from "./prefixes.js";
import { unknownKind } from "./unusualKinds.js";

/*
 * What a layer may be besides what its name says first: `relu1` may be any activation, `pool1` an average. Only whoever's numbers
 * are right with it did it so.
 */

/** Slopes of leaky ReLUs that are tried where the numbers don't tell. */
const SLOPES = [0.01, 0.1, 0.2, 0.3, 0.05, 0.02, 0.25, 0.001];
const EPSILONS = [1e-8, 1e-3, 1e-7, 1e-6, 1e-4, 1e-10, 1e-12, 1e-2, 1e-9, 1e-15];

/** The other specs that a layer may have. */
function alternativesTo({ name, spec }: ChainPart, reading: Reading, layer: NetworkLayer): AnyLayerSpec[] {
  const named = kindOfName(name);
  if (!spec || !named) return [];
  if (named.family === "activation" && (named.open || named.type === "leakyRelu")) {
    const slopes = slopesOf(reading, layer).map((slope): AnyLayerSpec => ({ type: "leakyRelu", slope }));
    if (!named.open) return slopes;
    const gelus: AnyLayerSpec[] = [{ type: "gelu" }, { type: "gelu", approximate: "tanh" }];
    return [{ type: "sigmoid" }, { type: "tanh" }, { type: "relu6" }, ...slopes, { type: "silu" }, ...gelus];
  }
  if (named.type === "gelu") return [{ type: "gelu", approximate: "tanh" }];
  if (named.family === "pool" && named.open) return [{ ...spec, type: "averagePool2d" } as AnyLayerSpec];
  if (spec.type === "batchNorm1d" || spec.type === "batchNorm2d")
    return EPSILONS.map((eps): AnyLayerSpec => ({ ...spec, eps }));
  return [];
}

/** The slope that the most negative number shows; a slope of 1 or more would be no leaky ReLU. */
function slopesOf({ run }: Reading, { inputs, output }: NetworkLayer): number[] {
  const y = run.given.get(output)?.tensor.data;
  const x = run.given.get(inputs[0])?.tensor.data;
  if (!y || !x) return SLOPES;
  let lowest = 0;
  for (let k = 0; k < x.length; k++) if (x[k] < x[lowest]) lowest = k;
  const slope = y[lowest] / x[lowest];
  return x[lowest] < 0 && slope > 0 && slope < 0.9 ? [Number(slope.toPrecision(5)), slope] : [];
}

/** The same network with other parts. */
function withParts(candidate: Candidate, parts: readonly ChainPart[]): Candidate {
  const { input } = candidate.spec;
  const shrunk = new Set(candidate.layers.filter((layer) => layer.shrunk).map(({ output }) => output));
  const layers = resolveChain(parts, input, shrunk);
  const evaluated = candidate.layers.some(({ mode }) => mode === "evaluation");
  return {
    ...candidate,
    parts,
    spec: specOfChain(input, parts),
    layers: evaluated ? inEvaluation(layers) : layers,
    cost: candidate.cost + 0.2,
  };
}

/**
 * The network with one layer changed, or with all layers of its kind changed alike.
 * @param places the layers to change, by their place in the network
 */
export function otherKinds(candidate: Candidate, reading: Reading, places: readonly number[]): Candidate[] {
  const { parts } = candidate;
  if (!parts) return [];
  const done = new Set<ChainPart>();
  return places.flatMap((place) => {
    const part = parts[place];
    if (done.has(part)) return [];
    const alternatives = alternativesTo(part, reading, candidate.layers[place]);
    const alike = parts.filter((other) => other.spec?.type === part.spec?.type && sameFamily(other, part));
    return alternatives.flatMap((spec) => {
      const changed = (isChanged: (other: ChainPart) => boolean) =>
        withParts(
          candidate,
          parts.map((other) => (isChanged(other) ? withSpec(other, { ...other.spec, ...spec }) : other)),
        );
      const all = changed((other) => alike.includes(other));
      const isGiven = reading.run.given.has(candidate.layers[place].output);
      // where no output shows which layers are of another kind, all are taken to be alike
      if (!isGiven) for (const other of alike) done.add(other);
      return isGiven && alike.length > 1 ? [changed((other) => other === part), all] : [all];
    });
  });
}

const sameFamily = (a: ChainPart, b: ChainPart) => kindOfName(a.name)?.family === kindOfName(b.name)?.family;

function withSpec({ name, spec }: ChainPart, changed: AnyLayerSpec): ChainPart {
  // options of the type before are none of the new one's, but for pools, whose windows stay
  const own = spec?.type === changed.type || "size" in changed ? changed : onlyOptionsOf(changed, spec);
  return { name, spec: own, kind: layerKinds[changed.type] as unknown as AnyLayer };
}

function onlyOptionsOf(changed: AnyLayerSpec, before: AnyLayerSpec | undefined): AnyLayerSpec {
  const old = Object.keys(before ?? {}).filter((key) => key !== "type");
  return Object.fromEntries(Object.entries(changed).filter(([key]) => !old.includes(key))) as never;
}

/** The network as after training, if the file has all that its layers keep: running means and variances. */
export function asEvaluated(candidate: Candidate, has: (name: string) => boolean): Candidate[] {
  const kept = candidate.layers.filter(({ mode }) => mode === "training").flatMap(({ state }) => state);
  if (kept.length === 0 || !kept.every(({ name }) => has(name))) return [];
  return [{ ...candidate, layers: inEvaluation(candidate.layers), cost: candidate.cost + 0.2 }];
}

/** The network with a layer of which nothing is known but its output, wherever its shape allows that. */
export function withUnknownLayer(candidate: Candidate, name: string): Candidate[] {
  const { parts } = candidate;
  if (!parts || parts.some((part) => part.name === name)) return [];
  return parts.map((_, k) =>
    withParts(candidate, [
      ...parts.slice(0, k + 1),
      { name, spec: undefined, kind: unknownKind },
      ...parts.slice(k + 1),
    ]),
  );
}

/** The losses besides softmax with cross-entropy that people use, each with all that it may be divided by. */
export function otherLosses(images: number, classes: number): SeparateLoss[][] {
  const divisors = [images, images * classes, 2 * images, 2 * images * classes, 1, 2, classes, 2 * classes];
  const factors = [...new Set(divisors)].map((divisor) => 1 / divisor);
  const kinds: Pick<SeparateLoss, "kind" | "link">[] = [
    { kind: "squares", link: "none" },
    { kind: "squares", link: "softmax" },
    // where as much speaks for one as for the other, the one that people rather use with sigmoids
    { kind: "binary", link: "sigmoid" },
    { kind: "squares", link: "sigmoid" },
    { kind: "binary", link: "none" },
  ];
  return kinds.map((kind) => factors.map((factor) => ({ ...kind, factor })));
}
