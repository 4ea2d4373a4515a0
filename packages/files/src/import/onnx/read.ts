import { checkParameters, defineModel, InputError, type Model, type ModelSpec } from "unravel-cnn";
import type { OnnxModel } from "../../onnx/schema.js";
import type { ImportedModel } from "../format.js";
import { Call, type Reading } from "./call.js";
import { NetworkDraft } from "./draft.js";
import { activationOf } from "./expressions.js";
import { folds } from "./folds.js";
import { type Graph, graphOf, isUsualDomain } from "./graph.js";
import { imagesOf, normalizationOf } from "./images.js";
import { arities } from "./operators/arity.js";
import { operators } from "./operators/index.js";
import { classNames, isNormalizedAlike, matchOwn, ownModel, renamed, renamedOne } from "./spec.js";
import { type Beside, constantOf } from "./tensors.js";
import { type LayerDraft, quoted, refusal, type Value } from "./values.js";

/**
 * The network that a file's graph computes.
 * @param beside files that hold numbers of its tensors
 * @param fileBytes how long the file is: what it may make in computing constants grows with it
 * @throws InputError as a sentence without the file's name: which node can't be taken and why
 */
export function readModel(file: OnnxModel, beside: Beside, fileBytes: number): ImportedModel {
  const graph = graphOf(file);
  const own = ownModel(file.metadata);
  const values = new Map<string, Value>();
  const lookUp = (name: string): Value | undefined => {
    const known = values.get(name);
    const tensor = known ? undefined : graph.initializers.get(name);
    if (tensor) values.set(name, constantOf(tensor, name, beside));
    return known ?? values.get(name);
  };
  const images = imagesOf(graph, (name) => {
    const value = graph.initializers.has(name) ? lookUp(name) : undefined;
    return value?.kind === "constant" ? [...value.data] : undefined;
  });
  const network = new NetworkDraft(images.shape);
  values.set(graph.input.name, { kind: "activation", source: network.images, axes: images.axes });
  const reading: Reading = {
    network,
    opset: graph.opset,
    beside,
    uses: graph.uses,
    batch: images.batch,
    end: graph.end,
    // what unravel wrote without probabilities ends in a layer
    keepsSigmoid: own !== undefined && graph.output === "scores",
    numbersLeft: 2 ** 22 + 8 * fileBytes,
  };
  computeNodes(graph, reading, values, lookUp);
  return finished({ file, graph, own, reading, images, output: lookUp(graph.output) });
}

function computeNodes(
  graph: Graph,
  reading: Reading,
  values: Map<string, Value>,
  lookUp: (name: string) => Value | undefined,
): void {
  for (const [order, node] of graph.nodes.entries()) {
    if (!isUsualDomain(node.domain)) {
      throw refusal(
        node,
        `it is an operator of ${quoted(node.domain)}, but only ONNX's own are read; export the network without it`,
      );
    }
    const inputs = node.inputs.map((name) => {
      const value = name === "" ? undefined : lookUp(name);
      if (name !== "" && value === undefined) {
        throw refusal(
          node,
          `it takes ${quoted(name)}, a further output of a node, and only first ones are made here`,
        );
      }
      return value;
    });
    const isConstant = inputs.every((value) => value === undefined || value.kind === "constant");
    const table = isConstant ? folds : operators;
    if (!Object.hasOwn(table, node.operator)) throw refusal(node, unknownOperator(node.operator, isConstant));
    const [fewest, most] = arities[node.operator];
    if (inputs.length < fewest || inputs.length > most) {
      throw refusal(
        node,
        `it has ${inputs.length} inputs, but takes ${fewest === most ? fewest : `${fewest} to ${most}`}`,
      );
    }
    const call = new Call(reading, node, order, inputs);
    const value = table[node.operator](call);
    call.checkAttributes();
    values.set(node.outputs[0], value);
  }
}

function unknownOperator(operator: string, isConstant: boolean): string {
  if (isConstant && Object.hasOwn(operators, operator)) {
    return "it takes constants only, and isn't computed here; export the network with constants folded";
  }
  return "there is no layer for this operator; docs/export.md lists those that can be read";
}

interface Read {
  readonly file: OnnxModel;
  readonly graph: Graph;
  readonly own: Model | undefined;
  readonly reading: Reading;
  readonly images: ReturnType<typeof imagesOf>;
  readonly output: Value | undefined;
}

/** The network that was drafted, checked, with what the file says about it. */
function finished({ file, graph, own, reading, images, output }: Read): ImportedModel {
  const { network } = reading;
  if (output === undefined || output.kind === "constant") {
    throw new InputError(
      `What it gives, ${quoted(graph.output)}, doesn't depend on the images; export it again.`,
    );
  }
  const end = output.kind === "ending" ? output : undefined;
  const scores = activationOf(network, output.kind === "ending" ? output.of : output);
  if (scores.source.type === "images" || scores.order || scores.border) {
    throw new InputError(
      `What it gives, ${quoted(graph.output)}, is no row of scores in the order in which a layer gives them; export it with a dense layer at its end.`,
    );
  }
  const { layers, spec, parameters } = network.finish(scores.source as LayerDraft);
  const { normalize, remark } = normalizationOf(network.normalization, images);
  const remarks: string[] = [];
  if (end) remarks.push(`The ${end.operator} at its end was left out: it belongs to the loss, ${end.loss}.`);
  const classes = classNames(file.metadata, scores.source.shape[0]);
  const read: ModelSpec = {
    ...spec,
    ...(end && end.loss !== "softmaxCrossEntropy" && { loss: { type: end.loss } }),
    ...(classes && { classes }),
    ...(normalize && { normalize }),
  };
  const origins = layers.flatMap(({ name, draft }) =>
    Object.entries(draft.parameters).map(([parameter, { from, how }]) => ({
      to: `${name}.${parameter}`,
      from,
      how,
    })),
  );
  const shared = sharedTensor(origins);
  if (shared !== undefined) {
    remarks.push(
      `Several layers use ${quoted(shared)}: each has a copy of its own now, which is trained by itself.`,
    );
  }
  if (own) {
    const names = matchOwn(own, defineModel(end ? read : { ...read, loss: own.spec.loss }));
    if (names && isNormalizedAlike(own, read)) {
      const given = { model: own, parameters: renamed(parameters, names) };
      checkParameters(given.model, given.parameters);
      return { ...given, table: origins.map((row) => ({ ...row, to: renamedOne(row.to, names) })), remarks };
    }
    remarks.push("The file has a spec of unravel, which its graph doesn't fit: the graph was taken.");
  }
  const model = defineModel(read);
  checkParameters(model, parameters);
  return { model, parameters, table: origins, remarks: [...remarks, remark] };
}

/** A tensor that is the parameter of more than one layer. */
function sharedTensor(origins: ImportedModel["table"]): string | undefined {
  const seen = new Set<string>();
  return origins.find(({ from }) => seen.size === seen.add(from).size)?.from;
}
