import { InputError } from "unravel-cnn";
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from "../../onnx/schema.js";
import { quoted } from "./values.js";

/* The nodes that what the graph gives depends on, in an order in which they can be computed. */

/** Since version 7 shapes that differ are combined as they are today. Newer versions than the last may mean other things. */
const OPSETS = { first: 7, last: 25 } as const;

export interface Graph {
  /** The program that wrote the file, as it calls itself. */
  readonly producer: string;
  readonly opset: number;
  /** Those that count, in the file's order. */
  readonly nodes: readonly OnnxNode[];
  /** The constants that are used, by their names. */
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly input: ValueInfo;
  readonly output: string;
  /** What gives the output its numbers: itself, or what stands before Identity nodes at the end. */
  readonly end: string;
  /** How many nodes, and outputs of the graph, take a tensor. */
  readonly uses: ReadonlyMap<string, number>;
}

/** @throws InputError as a sentence, if it has no single input and output, or nodes that can't be computed one after the other */
export function graphOf(model: OnnxModel): Graph {
  const { graph } = model;
  if (graph === undefined || graph.nodes.length === 0) {
    throw new InputError("It has no graph with nodes, so it is no ONNX file of a network; export it again.");
  }
  if (graph.sparseInitializers.length > 0) {
    throw new InputError(
      "It holds weights as sparse tensors, which aren't read here; export it with dense ones.",
    );
  }
  const opset = opsetOf(model);
  const all = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  if (all.size < graph.initializers.length)
    throw new InputError("Two of its constants have one name; export it again.");
  const input = inputOf(graph, all);
  const output = outputOf(graph);
  const nodes = liveNodes(graph, output, new Set([input.name, ...all.keys()]));
  checkOrder(nodes, input.name, all);
  const uses = new Map<string, number>([[output, 1]]);
  for (const { inputs } of nodes) {
    for (const name of inputs) if (name !== "") uses.set(name, (uses.get(name) ?? 0) + 1);
  }
  const initializers = new Map([...all].filter(([name]) => uses.has(name)));
  const end = nodes.reduceRight(
    (name, { operator, inputs, outputs }) =>
      operator === "Identity" && outputs[0] === name ? inputs[0] : name,
    output,
  );
  return { producer: model.producerName, opset, nodes, initializers, input, output, end, uses };
}

export const isUsualDomain = (domain: string) => domain === "" || domain === "ai.onnx";

function opsetOf({ opsets }: OnnxModel): number {
  const version = opsets.find(({ domain }) => isUsualDomain(domain))?.version;
  if (version !== undefined && version >= OPSETS.first && version <= OPSETS.last) return version;
  throw new InputError(
    version === undefined
      ? "It doesn't say which version of ONNX's operators (opset) it means; export it again."
      : `Its operators are of version (opset) ${version}, but versions ${OPSETS.first} to ${OPSETS.last} are read; export it with opset 17.`,
  );
}

function inputOf({ inputs }: OnnxGraph, initializers: ReadonlyMap<string, OnnxTensor>): ValueInfo {
  const open = inputs.filter(({ name }) => !initializers.has(name));
  if (open.length === 1) return open[0];
  const names = open.slice(0, 4).map(({ name }) => quoted(name));
  throw new InputError(
    `It has ${open.length} inputs${open.length > 0 ? ` (${names.join(", ")}${open.length > 4 ? ", …" : ""})` : ""}, but a network here takes exactly one, the images; export it with that alone.`,
  );
}

function outputOf({ outputs }: OnnxGraph): string {
  if (outputs.length === 1) return outputs[0].name;
  const names = outputs.slice(0, 4).map(({ name }) => quoted(name));
  throw new InputError(
    `It has ${outputs.length} outputs${outputs.length > 0 ? ` (${names.join(", ")}${outputs.length > 4 ? ", …" : ""})` : ""}, but a network here gives exactly one, the scores; export it with that alone.`,
  );
}

/** @param given the names of tensors that no node gives */
function liveNodes({ nodes }: OnnxGraph, output: string, given: ReadonlySet<string>): OnnxNode[] {
  const producers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === "") continue;
      if (producers.has(name) || given.has(name)) {
        throw new InputError(`Two of its tensors have the name ${quoted(name)}; export it again.`);
      }
      producers.set(name, node);
    }
  }
  const live = new Set<OnnxNode>();
  const open = [producers.get(output)];
  while (open.length > 0) {
    const node = open.pop();
    if (node === undefined || live.has(node)) continue;
    live.add(node);
    for (const name of node.inputs) open.push(producers.get(name));
  }
  return nodes.filter((node) => live.has(node));
}

/** Each tensor has to be there before it is taken, which also means that nothing goes round in circles. */
function checkOrder(
  nodes: readonly OnnxNode[],
  input: string,
  initializers: ReadonlyMap<string, OnnxTensor>,
): void {
  const known = new Set([input, ...initializers.keys(), ""]);
  for (const node of nodes) {
    const missing = node.inputs.find((name) => !known.has(name));
    if (missing !== undefined) {
      throw new InputError(
        `The node ${quoted(node.name || node.outputs[0])} (${node.operator}): no node before it gives its input ${quoted(missing)}, so the graph is damaged or goes round in circles; export it again.`,
      );
    }
    for (const name of node.outputs) known.add(name);
  }
}
