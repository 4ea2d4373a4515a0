// Writes a network as an ONNX file: the few messages of its format that these networks need.
import { network, parameters } from "./measuring.mjs";

// A protobuf message is a row of fields, each with a number and a kind: 0 a number, 2 bytes with their length before.
const text = new TextEncoder();
const varint = (value) => {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) return bytes;
  }
};
const int = (field, value) => Uint8Array.from([...varint(field * 8), ...varint(value)]);
const bytes = (field, content) =>
  joined(Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length)]), content);
const string = (field, value) => bytes(field, text.encode(value));
const message = (field, ...fields) => bytes(field, joined(...fields));

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const FLOAT = 1;
const ATTRIBUTE = { int: 2, ints: 7 };

/** Attributes are whole numbers or lists of them. */
function node(type, inputs, output, attributes = {}) {
  return message(
    1,
    ...inputs.map((name) => string(1, name)),
    string(2, output),
    string(4, type),
    ...Object.entries(attributes).map(([name, value]) =>
      Array.isArray(value)
        ? message(5, string(1, name), ...value.map((item) => int(8, item)), int(20, ATTRIBUTE.ints))
        : message(5, string(1, name), int(3, value), int(20, ATTRIBUTE.int)),
    ),
  );
}

function initializer(name, { data, shape }) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message(5, ...shape.map((extent) => int(1, extent)), int(2, FLOAT), string(8, name), bytes(9, raw));
}

function value(field, name, shape) {
  const extents = shape.map((extent) => message(1, int(1, extent)));
  return message(field, string(1, name), message(2, message(1, int(1, FLOAT), message(2, ...extents))));
}

const nodeOf = {
  conv2d: ({ name, resolved: { padding, kernel } }, input) => {
    const [top, right, bottom, left] = padding;
    return node("Conv", [input, `${name}.weight`, `${name}.bias`], name, {
      kernel_shape: [...kernel],
      pads: [top, left, bottom, right],
      strides: [1, 1],
    });
  },
  relu: ({ name }, input) => node("Relu", [input], name),
  maxPool2d: ({ name }, input) => node("MaxPool", [input], name, { kernel_shape: [2, 2], strides: [2, 2] }),
  flatten: ({ name }, input) => node("Flatten", [input], name, { axis: 1 }),
  dense: ({ name }, input) => node("Gemm", [input, `${name}.weight`, `${name}.bias`], name, { transB: 1 }),
};

/** The network with its fresh weights: from `x` [batchSize, 1, 28, 28] to `scores`, which is the last layer's name. */
export function onnxFile(batchSize) {
  const { layers } = network;
  const last = layers[layers.length - 1].name;
  const graph = message(
    7,
    ...layers.map((layer, k) => nodeOf[layer.spec.type](layer, k === 0 ? "x" : layers[k - 1].name)),
    string(2, "network"),
    ...Object.entries(parameters).map(([name, tensor]) => initializer(name, tensor)),
    value(11, "x", [batchSize, ...network.inputShape]),
    value(12, last, [batchSize, 10]),
  );
  const opset = message(8, string(1, ""), int(2, 13));
  return { file: joined(int(1, 7), graph, opset), output: last };
}
