import { isObject, member, told } from "./json.js";

/*
 * What goes into a layer of a functional network. Keras 2 and TensorFlow.js: one list for each call, of `[name, call, output,
 * options]`. Keras 3: one object for each call, with tensors among its arguments that tell their history.
 */

const DEEPEST_ARGUMENT = 8;

/** @throws by `fail` if it is called more than once, or takes what isn't a layer's only output */
export function inboundNames(nodes: unknown, fail: (problem: string) => never): string[] {
  if (!Array.isArray(nodes)) return fail(`its inbound_nodes are ${told(nodes)}`);
  if (nodes.length === 0) return [];
  if (nodes.length > 1)
    return fail(
      `it is called ${nodes.length} times, so that its weights are shared; give each place a layer of its own`,
    );
  const [node] = nodes;
  const histories: unknown[] = [];
  if (isObject(node)) collect([node.args, node.kwargs], histories, 0, fail);
  else if (Array.isArray(node)) histories.push(...(typeof node[0] === "string" ? [node] : node));
  if (isTraining(node, histories))
    return fail(
      "it is called with training=True, so that it does in predictions what it does in training; build the network without that, and save it again",
    );
  return histories.map((history) => {
    const [name, call, output] = Array.isArray(history) ? history : [];
    if (typeof name !== "string")
      return fail(`one of its inputs is ${told(history)}, not the name of a layer`);
    if (call !== 0 || output !== 0)
      return fail(
        `it takes output ${told(output)} of call ${told(call)} of ${told(name)}; only layers that are called once and give one output can be taken`,
      );
    return name;
  });
}

/** Whether it is told to behave as in training: by name, in second place, or in Keras 2's options. */
function isTraining(node: unknown, histories: readonly unknown[]): boolean {
  const args = member(node, "args");
  return (
    member(member(node, "kwargs"), "training") === true ||
    (Array.isArray(args) && args.includes(true)) ||
    histories.some((history) => Array.isArray(history) && member(history[3], "training") === true)
  );
}

function collect(
  value: unknown,
  histories: unknown[],
  depth: number,
  fail: (problem: string) => never,
): void {
  if (depth > DEEPEST_ARGUMENT) fail("its arguments lie in each other too deep");
  if (Array.isArray(value)) for (const one of value) collect(one, histories, depth + 1, fail);
  else if (member(value, "class_name") === "__keras_tensor__")
    histories.push(member(member(value, "config"), "keras_history"));
  else if (isObject(value)) for (const one of Object.values(value)) collect(one, histories, depth + 1, fail);
}
