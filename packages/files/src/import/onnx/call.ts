import { ATTRIBUTE, type Attribute, type OnnxNode } from "../../onnx/schema.js";
import type { NetworkDraft } from "./draft.js";
import { activationOf } from "./expressions.js";
import type { Beside } from "./tensors.js";
import { constantOf } from "./tensors.js";
import { type Activation, type Constant, type Expression, quoted, refusal, type Value } from "./values.js";

/** What reading a graph has in common for all its nodes. */
export interface Reading {
  readonly network: NetworkDraft;
  readonly opset: number;
  readonly beside: Beside;
  /** How many nodes, and outputs of the graph, take a tensor. */
  readonly uses: ReadonlyMap<string, number>;
  /** The number of images in a batch, BATCH where the file doesn't fix it. */
  readonly batch: number;
  /** What the graph gives, before Identity nodes at its end. */
  readonly end: string;
  /** Whether a Sigmoid at the end is a layer, and no part of the loss. */
  readonly keepsSigmoid: boolean;
  /** How many more numbers may be made in computing constants. */
  numbersLeft: number;
}

/** A node with what it takes. Attributes are looked up by name; one that nobody asks for is an error. */
export class Call {
  readonly node: OnnxNode;
  readonly order: number;
  readonly reading: Reading;
  readonly inputs: readonly (Value | undefined)[];
  private readonly attributes: ReadonlyMap<string, Attribute>;
  private readonly asked = new Set<string>();

  constructor(reading: Reading, node: OnnxNode, order: number, inputs: readonly (Value | undefined)[]) {
    this.reading = reading;
    this.node = node;
    this.order = order;
    this.inputs = inputs;
    this.attributes = new Map(node.attributes.map((attribute) => [attribute.name, attribute]));
    if (this.attributes.size < node.attributes.length) throw this.refuse("it has an attribute twice");
  }

  get network(): NetworkDraft {
    return this.reading.network;
  }

  /** The InputError for this node. */
  refuse(why: string): Error {
    return refusal(this.node, why);
  }

  private attribute(name: string, type: number): Attribute | undefined {
    this.asked.add(name);
    const found = this.attributes.get(name);
    // files of the first years have no types
    if (found && found.type !== type && found.type !== 0)
      throw this.refuse(`its attribute ${name} has the wrong type`);
    return found;
  }

  int(name: string, usual: number): number {
    return this.attribute(name, ATTRIBUTE.int)?.i ?? usual;
  }

  float(name: string, usual: number): number {
    return this.attribute(name, ATTRIBUTE.float)?.f ?? usual;
  }

  text(name: string, usual: string): string {
    const found = this.attribute(name, ATTRIBUTE.string);
    return found ? new TextDecoder().decode(found.s) : usual;
  }

  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, ATTRIBUTE.ints)?.ints;
  }

  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, ATTRIBUTE.floats)?.floats;
  }

  tensor(name: string): Constant | undefined {
    const found = this.attribute(name, ATTRIBUTE.tensor)?.t;
    return found && constantOf(found, found.name || this.node.outputs[0], this.reading.beside);
  }

  /** Whole numbers of an attribute, or of the input that newer versions of the operator have instead. */
  intsOrInput(name: string, place: number): readonly number[] | undefined {
    const given = this.ints(name);
    if (given || this.inputs[place] === undefined) return given;
    return [...this.constant(place).data];
  }

  /** Says that attributes have no effect here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.asked.add(name);
  }

  /** @throws InputError if the node has an attribute that nobody asked for */
  checkAttributes(): void {
    for (const name of this.attributes.keys()) {
      if (!this.asked.has(name))
        throw this.refuse(`it has an attribute ${quoted(name)}, which isn't known here`);
    }
  }

  private input(place: number): Value {
    const value = this.inputs[place];
    if (value === undefined) throw this.refuse(`its input ${place + 1} is missing`);
    return value;
  }

  /** An input that has to be constant. */
  constant(place: number): Constant {
    const value = this.input(place);
    if (value.kind === "constant") return value;
    throw this.refuse(
      `its input ${quoted(this.node.inputs[place])} must be constant, but depends on the images`,
    );
  }

  /** An input that has to depend on the images. */
  value(place: number): Activation | Expression {
    const value = this.input(place);
    if (value.kind === "constant") {
      throw this.refuse(
        `its input ${quoted(this.node.inputs[place])} is constant, but has to depend on the images`,
      );
    }
    if (value.kind === "ending") {
      throw this.refuse(
        `it takes the probabilities that ${value.operator} makes, but probabilities can only be the end of a network here`,
      );
    }
    return value;
  }

  /** As `value`, once it is known which layer gives it. */
  activation(place: number): Activation {
    return activationOf(this.network, this.value(place));
  }

  /** Whether this node's output is the end of the graph, and nobody else takes it. */
  get isLast(): boolean {
    return this.node.outputs[0] === this.reading.end && this.isTakenOnce;
  }

  /** Whether one node, or the end of the graph, takes this node's output. */
  get isTakenOnce(): boolean {
    return this.reading.uses.get(this.node.outputs[0]) === 1;
  }
}

/** What an operator's output is. */
export type Operator = (call: Call) => Value;
export type Operators = Readonly<Record<string, Operator>>;
