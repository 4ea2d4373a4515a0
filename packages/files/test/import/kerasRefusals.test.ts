import { test } from "vitest";
import {
  behind,
  entry,
  functional,
  importKeras,
  type KerasEntry,
  type Shapes,
  sequential,
} from "../support/kerasJson.js";
import { expectRefused } from "../support/refused.js";

/* What can't be taken, each in a sentence with the layer, its class and why. */

const input = (...shape: (number | null)[]) => entry("InputLayer", { batch_input_shape: [null, ...shape] });
const conv = (options: Record<string, unknown> = {}) =>
  entry("Conv2D", { filters: 3, kernel_size: [3, 3], use_bias: false, ...options });
const dense = (options: Record<string, unknown> = {}) =>
  entry("Dense", { units: 3, use_bias: false, ...options });
const kernel = { "conv2d/kernel": [3, 3, 2, 3] };
const end = [entry("GlobalAveragePooling2D"), dense()];

const chains: readonly [string, readonly KerasEntry[], Shapes, RegExp][] = [
  [
    "a program in Python",
    [input(6, 6, 2), entry("Lambda"), ...end],
    {},
    /layer "lambda" \(Lambda\): .* a program in Python/,
  ],
  ["an unknown layer", [input(6, 6, 2), entry("LSTM"), ...end], {}, /"lstm" \(LSTM\): .* no such layer/],
  [
    "a class of somebody's own",
    [input(6, 6, 2), { ...conv(), registered_name: "mine>Conv2D" } as never],
    {},
    /somebody's own/,
  ],
  [
    "a class of somebody's own that has Keras's name",
    [input(6, 6, 2), { ...conv(), module: "__main__", registered_name: "Conv2D" } as never],
    {},
    /layer "conv2d": its class "Conv2D" comes from "__main__", not from Keras/,
  ],
  [
    "ELU",
    [input(6, 6, 2), conv({ activation: "elu" }), ...end],
    kernel,
    /activation "elu" can't be taken; known are/,
  ],
  [
    "a ReLU that ends elsewhere",
    [input(6, 6, 2), entry("ReLU", { max_value: 4 }), ...end],
    {},
    /its max_value is 4; .* ReLU6/,
  ],
  [
    "a leaky ReLU6",
    [input(6, 6, 2), entry("ReLU", { max_value: 6, negative_slope: [0.1] }), ...end],
    {},
    /its max_value is 6 and its negative_slope 0.1;/,
  ],
  [
    "a softmax inside",
    [input(6), dense({ activation: "softmax" }), dense({ name: "b" })],
    { "dense/kernel": [6, 3], "b/kernel": [3, 3] },
    /only be taken at the end/,
  ],
  [
    "padding that doesn't exist",
    [input(6, 6, 2), conv({ padding: "causal" }), ...end],
    kernel,
    /padding is "causal"/,
  ],
  ["Dense on images", [input(6, 6, 2), dense()], { "dense/kernel": [2, 3] }, /put a Flatten layer before it/],
  [
    "averages over the edge",
    [input(5, 5, 2), entry("AveragePooling2D", { padding: "same" }), ...end],
    {},
    /only padding "valid" can be taken/,
  ],
  [
    "zeros that would win",
    [input(6, 6, 2), entry("ZeroPadding2D"), entry("MaxPooling2D"), ...end],
    {},
    /numbers which may be below 0/,
  ],
  [
    "zeros before a sum of pixels",
    [input(6, 6, 2), entry("ZeroPadding2D"), ...end],
    {},
    /before a convolution or a pool/,
  ],
  ["no sizes", [input(null, null, 2), conv(), ...end], kernel, /the input's shape is \[null, null, 2\]/],
  ["no input", [conv(), ...end], kernel, /the shape of its input isn't given/],
  ["a wrong axis", [input(6, 6, 2), entry("BatchNormalization", { axis: 1 }), ...end], {}, /its axis is 1/],
  ["an image at the end", [input(6, 6, 2), conv()], kernel, /ends in images/],
  ["an image in one row at the end", [input(6, 6, 2), entry("Flatten")], {}, /as they lie/],
  [
    "one number",
    [input(6), dense({ units: 1 })],
    { "dense/kernel": [6, 1] },
    /ends in one number without a sigmoid/,
  ],
  [
    "scaling inside",
    [input(6, 6, 2), conv(), entry("Rescaling", { scale: 2 }), ...end],
    kernel,
    /"globalaveragepooling2d" .* was scaled or multiplied inside the network/,
  ],
  [
    "scaling before another activation than a sigmoid",
    [
      input(6, 6, 2),
      conv(),
      entry("Rescaling", { scale: 2 }),
      entry("Activation", { activation: "tanh" }),
      ...end,
    ],
    kernel,
    /"activation" .* was scaled or multiplied inside the network/,
  ],
  [
    "the same number everywhere",
    [input(6, 6, 2), conv(), entry("Rescaling", { scale: 0, offset: 1 }), ...end],
    kernel,
    /was scaled or multiplied inside the network/,
  ],
  [
    "a network that ends in scaled numbers",
    [input(6), dense({ units: 6 }), entry("Rescaling", { scale: 2 })],
    { "dense/kernel": [6, 6] },
    /or in scaled ones/,
  ],
  [
    "scaling by a negative number",
    [input(6, 6, 2), entry("Rescaling", { scale: -1 }), ...end],
    { "dense/kernel": [2, 3] },
    /isn't above 0/,
  ],
  ["missing weights", [input(6, 6, 2), conv(), ...end], {}, /no weights "kernel" for it/],
  [
    "weights of another shape",
    [input(6, 6, 2), conv(), ...end],
    { "conv2d/kernel": [3, 3, 1, 3] },
    /have the shape \[3, 3, 1, 3\] instead of \[3, 3, 2, 3\]/,
  ],
  [
    "other orders of dimensions",
    [
      input(6, 6, 2),
      conv({ data_format: "channels_first" }),
      entry("MaxPooling2D", { data_format: "channels_last" }),
    ],
    kernel,
    /only one of both can be taken/,
  ],
  [
    "a reshaped image",
    [input(6, 6, 2), entry("Reshape", { target_shape: [3, 12, 2] }), ...end],
    {},
    /only a dimension of size 1/,
  ],
  ["a turned image", [input(6, 6, 2), entry("Permute", { dims: [2, 1, 3] }), ...end], {}, /only \[3, 1, 2\]/],
  [
    "a kernel of no size",
    [input(6, 6, 2), conv({ kernel_size: [0, 3] }), ...end],
    kernel,
    /kernel_size must be whole, of at least 1/,
  ],
  [
    "a window too large",
    [input(2, 2, 2), conv(), ...end],
    kernel,
    /"conv2d" \(Conv2D\): its window reaches over 3x3/,
  ],
  ["two layers of one name", [input(6, 6, 2), conv(), conv(), ...end], kernel, /two layers called "conv2d"/],
];

test.each(chains)("%s", async (_, layers, shapes, message) => {
  await expectRefused(importKeras(sequential(...layers), shapes), message);
});

const x = behind([], input(6));
const d = (name: string, inputs: readonly string[]) => behind(inputs, dense({ name, units: 6 }));
const shared = { ...d("a", ["inputlayer"]), inbound_nodes: [[["inputlayer", 0, 0, {}]], [["a", 0, 0, {}]]] };
/** A layer that is told to do in predictions what it does in training, in each way in which that is written. */
const norm = behind(["inputlayer"], entry("BatchNormalization"));
const tensorOf = {
  class_name: "__keras_tensor__",
  config: { shape: [null, 6], dtype: "float32", keras_history: ["inputlayer", 0, 0] },
};
const training = (inbound_nodes: unknown) =>
  functional("inputlayer", "batchnormalization", x, { ...norm, inbound_nodes });
let deep: unknown = functional("inputlayer", "a", x, d("a", ["inputlayer"]));
for (let k = 0; k < 20; k++)
  deep = {
    ...functional("inputlayer", "n", x, { ...behind(["inputlayer"], deep as KerasEntry), name: "n" }),
  };

const graphs: readonly [string, unknown, RegExp][] = [
  [
    "a circle",
    functional("inputlayer", "b", x, d("a", ["b"]), d("b", ["a"])),
    /comes back into it, in a circle/,
  ],
  ["itself", functional("inputlayer", "a", x, d("a", ["a"])), /in a circle/],
  ["a shared layer", functional("inputlayer", "a", x, shared as never), /layer "a": it is called 2 times/],
  [
    "Keras 2 in training",
    training([[["inputlayer", 0, 0, { training: true }]]]),
    /layer "batchnormalization": it is called with training=True/,
  ],
  [
    "Keras 3 in training",
    training([{ args: [tensorOf], kwargs: { mask: null, training: true } }]),
    /called with training=True/,
  ],
  ["the same by place", training([{ args: [tensorOf, true], kwargs: {} }]), /called with training=True/],
  ["an unknown input", functional("inputlayer", "a", x, d("a", ["nowhere"])), /there is no such layer/],
  [
    "no such output",
    functional("inputlayer", "nowhere", x, d("a", ["inputlayer"])),
    /"nowhere", but there is no such layer/,
  ],
  [
    "two outputs",
    {
      class_name: "Functional",
      config: {
        layers: [x, d("a", ["inputlayer"])],
        input_layers: [["inputlayer", 0, 0]],
        output_layers: [
          ["a", 0, 0],
          ["a", 0, 0],
        ],
      },
    },
    /1 inputs and 2 outputs/,
  ],
  [
    "two inputs",
    functional(
      "inputlayer",
      "a",
      x,
      { ...x, name: "other", config: { ...x.config, name: "other" } },
      d("a", ["inputlayer"]),
    ),
    /two inputs/,
  ],
  ["networks in networks", deep, /lie in each other more than 16 deep/],
  ["no network", { class_name: "Dense", config: {} }, /only Sequential and Functional/],
  ["nothing", {}, /only Sequential and Functional/],
  [
    "rows in different orders",
    functional(
      "inputlayer",
      "add",
      behind([], input(2, 2, 4)),
      behind(["inputlayer"], entry("Flatten")),
      behind(["flatten"], dense({ units: 16 })),
      behind(["flatten", "dense"], entry("Add")),
      behind(["add"], dense({ name: "out" })),
    ),
    /no weights|different orders/,
  ],
];

test.each(graphs)("%s", async (_, topology, message) => {
  await expectRefused(importKeras(topology, {}), message);
});
