import { InputError } from "unravel-cnn";
import { isObject, type Json, member, told } from "./json.js";
import { inboundNames } from "./nodes.js";

/*
 * Keras describes a network as layers, each with a class, a config and what goes into it; Sequential networks leave that out, and
 * any layer may be a network itself. TensorFlow.js, Keras 2 and Keras 3 write the same thing with small differences. Here all of
 * it becomes one list of layers, of which each knows those before it.
 */

export interface KerasLayer {
  /** The names of the networks that it lies in, and its own, joined by `/`. */
  readonly key: string;
  readonly name: string;
  readonly className: string;
  readonly config: Json;
  /** The keys of the layers that feed it. */
  readonly inputs: readonly string[];
  /** Where Keras 3 keeps its weights: `layers/conv2d_1`. */
  readonly stored: string;
}

export interface KerasNetwork {
  /** All that the output depends on, each after those that feed it; the input first. */
  readonly layers: readonly KerasLayer[];
  /** The shape of one input, as Keras has it. */
  readonly inputShape: readonly unknown[];
}

/** Networks in networks: deeper than anybody nests them. */
const DEEPEST = 16;

const MODELS = ["Sequential", "Functional", "Model"];

/** The modules that Keras's own classes come from. */
const KERAS = /^(tf_keras|keras|keras_core|tensorflow)(\.|$)/;

/**
 * @param model `{ class_name, config }`
 * @param source what to call the file in an error
 */
export function readConfig(model: unknown, source: string): KerasNetwork {
  const reader = new Reader(source);
  const output = reader.expand(model, "", "", undefined, 0);
  return { layers: ordered(reader, output), inputShape: reader.inputShape() };
}

class Reader {
  readonly source: string;
  readonly layers = new Map<string, KerasLayer>();
  /** Names that stand for another layer: a nested network for its output, its input for what goes in. */
  readonly #aliases = new Map<string, string>();
  #input: KerasLayer | undefined;
  #shape: unknown;

  constructor(source: string) {
    this.source = source;
  }

  fail(problem: string): never {
    throw new InputError(`${this.source}: ${problem}.`);
  }

  /** @returns the key of the network's output */
  expand(model: unknown, key: string, stored: string, input: string | undefined, depth: number): string {
    const [className, config] = [member(model, "class_name"), member(model, "config")];
    if (depth > DEEPEST) this.fail(`its networks lie in each other more than ${DEEPEST} deep`);
    if (typeof className !== "string" || !MODELS.includes(className))
      this.fail(
        `the class of the network is ${told(className)}; only Sequential and Functional networks say what they consist of`,
      );
    const list = className === "Sequential" && Array.isArray(config) ? config : member(config, "layers");
    if (!Array.isArray(list) || list.length === 0)
      return this.fail(`the network ${told(key)} has no list of layers in its config`);
    const counts = new Map<string, number>();
    const parts = list.map((entry) => {
      const part = this.#part(entry, key);
      const kind = snakeCase(part.className);
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      return { ...part, stored: `${stored}layers/${kind}${count === 0 ? "" : `_${count}`}` };
    });
    return className === "Sequential"
      ? this.#sequential(parts, config, key, input, depth)
      : this.#functional(parts, config as Json, key, input, depth);
  }

  #part(entry: unknown, key: string) {
    const [className, config] = [member(entry, "class_name"), member(entry, "config")];
    const name = member(entry, "name") ?? member(config, "name");
    if (typeof className !== "string" || (!isObject(config) && !Array.isArray(config)))
      return this.fail(`a layer of the network ${told(key)} has no class_name or no config`);
    if (typeof name !== "string" || name === "" || name.includes("/"))
      return this.fail(`a ${told(className)} of the network ${told(key)} has the name ${told(name)}`);
    const [module, registered] = [member(entry, "module"), member(entry, "registered_name")];
    if (typeof registered === "string" && registered.includes(">"))
      this.fail(`layer ${told(name)}: it is of the class ${told(registered)}, which is somebody's own`);
    if (typeof module === "string" && !KERAS.test(module))
      this.fail(
        `layer ${told(name)}: its class ${told(className)} comes from ${told(module)}, not from Keras, so it is somebody's own`,
      );
    return { entry, className, config: config as Json, name, key: key === "" ? name : `${key}/${name}` };
  }

  #sequential(
    parts: readonly Part[],
    config: unknown,
    key: string,
    input: string | undefined,
    depth: number,
  ): string {
    let before = input;
    if (input === undefined && parts[0].className !== "InputLayer") {
      const shape = shapeBefore(parts[0].entry, 0) ?? member(config, "build_input_shape");
      before = this.#addInput(`${key}/the input`, shape);
    }
    for (const part of parts) before = this.#add(part, before === undefined ? [] : [before], input, depth);
    return before ?? this.fail(`the network ${told(key)} has no layers`);
  }

  #functional(
    parts: readonly Part[],
    config: Json,
    key: string,
    input: string | undefined,
    depth: number,
  ): string {
    const inKey = (name: string) => (key === "" ? name : `${key}/${name}`);
    for (const part of parts) {
      const nodes = member(part.entry, "inbound_nodes") ?? [];
      const names = inboundNames(nodes, (problem) => this.fail(`layer ${told(part.name)}: ${problem}`));
      this.#add(part, names.map(inKey), input, depth);
    }
    const [ins, outs] = [endNames(config.input_layers), endNames(config.output_layers)];
    if (ins?.length !== 1 || outs?.length !== 1)
      return this.fail(
        `the network ${told(key)} has ${ins?.length ?? "unknown"} inputs and ${outs?.length ?? "unknown"} outputs, but one of each can be taken`,
      );
    return inKey(outs[0]);
  }

  /** Enters a layer, or what a network in its place consists of. Returns what stands for its output. */
  #add(part: Part, inputs: readonly string[], outer: string | undefined, depth: number): string {
    const { key, className, config, name, stored, entry } = part;
    if (this.layers.has(key) || this.#aliases.has(key)) this.fail(`it has two layers called ${told(key)}`);
    if (className === "InputLayer") {
      const shape = member(config, "batch_input_shape") ?? member(config, "batch_shape");
      if (outer === undefined) return this.#addInput(key, shape);
      this.#aliases.set(key, outer);
      return outer;
    }
    if (inputs.length === 0) this.fail(`layer ${told(key)}: nothing goes into it`);
    if (!MODELS.includes(className)) {
      this.layers.set(key, { key, name, className, config, inputs, stored });
      return key;
    }
    if (inputs.length > 1) this.fail(`layer ${told(key)}: it is a network with ${inputs.length} inputs`);
    // set before, so that a network inside can't have its name
    this.#aliases.set(key, key);
    const output = this.expand(
      { class_name: className, config: member(entry, "config") },
      key,
      `${stored}/`,
      inputs[0],
      depth + 1,
    );
    this.#aliases.set(key, output);
    return key;
  }

  #addInput(key: string, shape: unknown): string {
    if (this.#input !== undefined) this.fail(`it has two inputs, ${told(this.#input.key)} and ${told(key)}`);
    this.#input = { key, name: key, className: "InputLayer", config: {}, inputs: [], stored: "" };
    this.#shape = shape;
    this.layers.set(key, this.#input);
    return key;
  }

  /** Without the size of the batch. */
  inputShape(): readonly unknown[] {
    if (this.#input === undefined) return this.fail("it has no input layer");
    // an input_shape of Keras 3 may stand in a list of its own
    const shape = Array.isArray(this.#shape) && Array.isArray(this.#shape[0]) ? this.#shape[0] : this.#shape;
    if (!Array.isArray(shape) || shape.length < 2)
      return this.fail(
        `the shape of its input isn't given: ${told(shape)}; build the network before it is saved`,
      );
    return shape.slice(1);
  }

  /** The layer that a name stands for. */
  find(key: string, asker: string): KerasLayer {
    let at = key;
    for (let steps = 0; steps <= this.#aliases.size; steps++) {
      const next = this.#aliases.get(at);
      if (next === undefined || next === at) break;
      at = next;
    }
    return (
      this.layers.get(at) ??
      this.fail(`layer ${told(asker)}: it takes the output of ${told(key)}, but there is no such layer`)
    );
  }
}

/** The shape that a layer says goes into it, or the first layer of the network that it is. */
function shapeBefore(entry: unknown, depth: number): unknown {
  const config = member(entry, "config");
  const shape =
    member(config, "batch_input_shape") ??
    member(config, "batch_shape") ??
    member(config, "build_input_shape") ??
    member(member(entry, "build_config"), "input_shape");
  const layers = Array.isArray(config) ? config : member(config, "layers");
  return shape ?? (Array.isArray(layers) && depth < DEEPEST ? shapeBefore(layers[0], depth + 1) : undefined);
}

interface Part {
  readonly entry: unknown;
  readonly className: string;
  readonly config: Json;
  readonly name: string;
  readonly key: string;
  readonly stored: string;
}

/** `[["input_1", 0, 0]]`, or in Keras 3 of a single one `["input_1", 0, 0]`. */
function endNames(ends: unknown): string[] | undefined {
  if (!Array.isArray(ends)) return undefined;
  const list = typeof ends[0] === "string" ? [ends] : ends;
  return list.every(
    (end) => Array.isArray(end) && typeof end[0] === "string" && !end.slice(1, 3).some(Boolean),
  )
    ? list.map(([name]) => name)
    : undefined;
}

/** What the output depends on, each after those that feed it. */
function ordered(reader: Reader, output: string): KerasLayer[] {
  const done: KerasLayer[] = [];
  const state = new Map<KerasLayer, "open" | "done">();
  const stack = [reader.find(output, "the output")];
  while (stack.length > 0) {
    const layer = stack[stack.length - 1];
    const before = layer.inputs.map((key) => reader.find(key, layer.key));
    if (state.get(layer) === undefined) {
      state.set(layer, "open");
      for (const one of [...before].reverse()) {
        if (state.get(one) === "open")
          reader.fail(`layer ${told(one.key)}: its output comes back into it, in a circle`);
        if (state.get(one) === undefined) stack.push(one);
      }
      continue;
    }
    stack.pop();
    if (state.get(layer) === "done") continue;
    state.set(layer, "done");
    done.push({ ...layer, inputs: before.map(({ key }) => key) });
  }
  return done;
}

/** As Keras makes names of classes: `Conv2D` conv2d, `BatchNormalization` batch_normalization. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
