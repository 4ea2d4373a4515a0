"""The networks: a config as Keras writes it, weights, and what they compute, in the functions of keras_layers.py.

What they give is what the import has to give: scores, where a softmax or a sigmoid at the end has been taken off.
"""
import numpy as np

import keras_layers as K


class Net:
    kind = "h5"
    storage = {}

    def __init__(self, config, forward, shape, count=3):
        self.config, self.forward, self.shape, self.count = config, forward, shape, count
        self.groups, self.numbered = {}, {}

    def input(self, random):
        return random.uniform(-1, 1, (self.count, *self.shape)).astype("float32").astype("float64")


def floats(random, *shape):
    return (random.standard_normal(shape) / max(1, len(shape))).astype("float32")


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, "dtype": "float32", **config}}


def chain(name, layers, **config):
    return {"class_name": "Sequential", "config": {"name": name, "layers": layers, **config}}


def functional(name, nodes, ends, keras3=False):
    """nodes: (layer, names of those that feed it)"""

    def inbound(names):
        if not names:
            return []
        if not keras3:
            return [[[n, 0, 0, {}] for n in names]]
        tensors = [
            {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": [n, 0, 0]}}
            for n in names
        ]
        return [{"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {}}]

    layers = [{**l, "name": l["config"]["name"], "inbound_nodes": inbound(names)} for l, names in nodes]
    first, last = [[end, 0, 0] for end in ends]
    one = (lambda e: e) if keras3 else (lambda e: [e])
    return {
        "class_name": "Functional" if keras3 else "Model",
        "config": {"name": name, "layers": layers, "input_layers": one(first), "output_layers": one(last)},
    }


def function(name):
    """An activation as Keras 3 writes it."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}


def plain(r):
    """conv (same, stride 2), pool, conv without bias, norm, ReLU, flatten, dense, dense with softmax."""
    k1, b1, k2 = floats(r, 3, 3, 2, 4), floats(r, 4), floats(r, 2, 2, 4, 3)
    g, bt, m, v = floats(r, 3), floats(r, 3), floats(r, 3), floats(r, 3) ** 2 + 0.5
    w1, c1, w2, c2 = floats(r, 27, 6), floats(r, 6), floats(r, 6, 4), floats(r, 4)
    config = chain(
        "sequential",
        [
            layer("Conv2D", "conv2d", batch_input_shape=[None, 12, 9, 2], filters=4, kernel_size=[3, 3], strides=[2, 2], padding="same", data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="relu", use_bias=True),
            layer("MaxPooling2D", "pool", pool_size=[2, 2], padding="same", strides=[2, 2], data_format="channels_last"),
            layer("Conv2D", "conv2d_1", filters=3, kernel_size=[2, 2], strides=[1, 1], padding="same", data_format="channels_last", dilation_rate=[1, 1], groups=1, activation="linear", use_bias=False),
            layer("BatchNormalization", "norm", axis=[3], momentum=0.99, epsilon=0.001, center=True, scale=True),
            layer("Activation", "act", activation="gelu"),
            layer("MaxPooling2D", "pool_1", pool_size=[1, 1], padding="valid", strides=[1, 1], data_format="channels_last"),
            layer("Flatten", "flatten", data_format="channels_last"),
            layer("Dense", "dense", units=6, activation="tanh", use_bias=True),
            layer("Dropout", "dropout", rate=0.25),
            layer("Dense", "dense_1", units=4, activation="softmax", use_bias=True),
        ],
    )

    def forward(x):
        y = K.relu(K.conv2d(x, k1, b1, (2, 2), "same"))
        y = K.pool(y, (2, 2), (2, 2), "same", False)
        y = K.gelu(K.batch_norm(K.conv2d(y, k2, None, (1, 1), "same"), g, bt, m, v, 0.001))
        return np.tanh(K.flatten(y) @ w1 + c1) @ w2 + c2

    net = Net(config, forward, (12, 9, 2))
    net.groups = {
        "conv2d": [("conv2d/kernel:0", k1), ("conv2d/bias:0", b1)],
        "pool": [],
        "conv2d_1": [("conv2d_1/kernel:0", k2)],
        "norm": [("norm/gamma:0", g), ("norm/beta:0", bt), ("norm/moving_mean:0", m), ("norm/moving_variance:0", v)],
        "dense": [("dense/kernel:0", w1), ("dense/bias:0", c1)],
        "dense_1": [("dense_1/kernel:0", w2), ("dense_1/bias:0", c2)],
    }
    return net


def packed(r):
    """As plain, its arrays in chunks with gzip, shuffle and checksums."""
    net = plain(r)
    net.storage = {"chunks": True, "compression": "gzip", "shuffle": True, "fletcher32": True}
    return net


def branches(r):
    """Keras 2, functional: rescaled bytes, zero padding, two ways joined, a nested network, a sum, one unit with a sigmoid."""
    k1, k2, k3, w = floats(r, 3, 3, 3, 4), floats(r, 1, 1, 4, 2), floats(r, 3, 3, 6, 4), floats(r, 8, 1)
    b1, c = floats(r, 4), floats(r, 1)
    inner = chain("inner", [layer("InputLayer", "inner_in", batch_input_shape=[None, 4, 4, 6]), layer("Conv2D", "deep", filters=4, kernel_size=[3, 3], strides=[1, 1], padding="same", dilation_rate=[1, 1], activation="swish", use_bias=False)])
    nodes = [
        (layer("InputLayer", "input_1", batch_input_shape=[None, 8, 8, 3]), []),
        (layer("Rescaling", "rescaling", scale=1 / 127.5, offset=-1), ["input_1"]),
        (layer("ZeroPadding2D", "pad", padding=[[0, 1], [1, 0]]), ["rescaling"]),
        (layer("Conv2D", "stem", filters=4, kernel_size=[3, 3], strides=[2, 2], padding="valid", dilation_rate=[1, 1], activation="linear", use_bias=True), ["pad"]),
        (layer("ReLU", "relu", max_value=None, negative_slope=0, threshold=0), ["stem"]),
        (layer("Conv2D", "side", filters=2, kernel_size=[1, 1], strides=[1, 1], padding="valid", dilation_rate=[1, 1], activation="linear", use_bias=False), ["relu"]),
        (layer("LeakyReLU", "leaky", alpha=0.3), ["side"]),
        (layer("Concatenate", "concat", axis=-1), ["relu", "leaky"]),
        ({**inner, "config": {**inner["config"], "name": "inner"}}, ["concat"]),
        (layer("Add", "add"), ["inner", "relu"]),
        (layer("GlobalAveragePooling2D", "gap", data_format="channels_last"), ["add"]),
        (layer("Flatten", "flat", data_format="channels_last"), ["gap"]),
        (layer("Concatenate", "twice", axis=1), ["gap", "flat"]),
        (layer("Dense", "out", units=1, activation="sigmoid", use_bias=True), ["twice"]),
    ]

    def forward(x):
        y = K.zero_padding(x / 127.5 - 1, [(0, 1), (1, 0)])
        y = K.relu(K.conv2d(y, k1, b1, (2, 2)))
        both = np.concatenate([y, K.leaky(K.conv2d(y, k2), 0.3)], -1)
        mean = (K.silu(K.conv2d(both, k3, None, (1, 1), "same")) + y).mean((1, 2))
        score = np.concatenate([mean, mean], -1) @ w + c
        return np.concatenate([np.zeros_like(score), score], -1)

    net = Net(functional("model", nodes, ("input_1", "out")), forward, (8, 8, 3))
    net.input = lambda random: random.randint(0, 256, (3, 8, 8, 3)).astype("float64")
    net.groups = {
        "stem": [("stem/kernel:0", k1), ("stem/bias:0", b1)],
        "side": [("side/kernel:0", k2)],
        "inner": [("inner/deep/kernel:0", k3)],
        "out": [("out/kernel:0", w), ("out/bias:0", c)],
    }
    return net


def separable(r):
    """Keras 3, Sequential: separable, depthwise with a multiplier, dilation, groups, average pool, two outputs with sigmoid."""
    d1, p1, b1 = floats(r, 3, 3, 2, 2), floats(r, 1, 1, 4, 6), floats(r, 6)
    d2, b2 = floats(r, 2, 3, 6, 1), floats(r, 6)
    k3, b3 = floats(r, 2, 2, 3, 4), floats(r, 4)
    beta, m, v = floats(r, 4), floats(r, 4), floats(r, 4) ** 2 + 0.5
    w, c = floats(r, 24, 3), floats(r, 3)
    common = {"data_format": "channels_last", "use_bias": True}
    config = chain(
        "sequential",
        [
            layer("InputLayer", "input_layer", batch_shape=[None, 9, 11, 2]),
            layer("SeparableConv2D", "separable", filters=6, kernel_size=[3, 3], strides=[1, 1], padding="same", dilation_rate=[1, 1], depth_multiplier=2, activation=function("leaky_relu"), **common),
            layer("DepthwiseConv2D", "depthwise", kernel_size=[2, 3], strides=[2, 2], padding="same", dilation_rate=[1, 1], depth_multiplier=1, activation=function("linear"), **common),
            layer("SpatialDropout2D", "spatial", rate=0.5),
            layer("Conv2D", "grouped", filters=4, kernel_size=[2, 2], strides=[1, 1], padding="same", dilation_rate=[2, 2], groups=2, activation=function("silu"), **common),
            layer("BatchNormalization", "norm", axis=-1, momentum=0.9, epsilon=0.01, center=True, scale=False),
            layer("AveragePooling2D", "mean", pool_size=[2, 2], padding="valid", strides=[2, 2], data_format="channels_last"),
            layer("Flatten", "flat", data_format="channels_last"),
            layer("Dense", "out", units=3, activation=function("sigmoid"), use_bias=True),
        ],
        build_input_shape=[None, 9, 11, 2],
    )

    def forward(x):
        y = K.conv2d(K.depthwise(x, d1, None, (1, 1), "same"), p1, b1)
        y = K.depthwise(K.leaky(y, 0.2), d2, b2, (2, 2), "same")
        y = K.silu(K.conv2d(y, k3, b3, (1, 1), "same", (2, 2), 2))
        y = K.pool(K.batch_norm(y, 1, beta, m, v, 0.01), (2, 2), (2, 2), "valid", True)
        return K.flatten(y) @ w + c

    net = Net(config, forward, (9, 11, 2))
    net.kind = "keras"
    net.numbered = {
        "layers/separable_conv2d": [d1, p1, b1],
        "layers/depthwise_conv2d": [d2, b2],
        "layers/conv2d": [k3, b3],
        "layers/batch_normalization": [beta, m, v],
        "layers/dense": [w, c],
    }
    return net


def nested(r):
    """Keras 3, functional, images without channels, two nested networks, rows in both orders joined."""
    k1, k2, w, c = floats(r, 3, 3, 1, 3), floats(r, 3, 3, 3, 3), floats(r, 51, 2), floats(r, 2)

    def block(name, filters):
        return functional(
            name,
            [
                (layer("InputLayer", "in", batch_shape=[None, 6, 6, 1]), []),
                (layer("Conv2D", "conv", filters=filters, kernel_size=[3, 3], strides=[1, 1], padding="valid", dilation_rate=[1, 1], groups=1, activation=function("relu"), use_bias=False), ["in"]),
            ],
            ("in", "conv"),
            True,
        )

    nodes = [
        (layer("InputLayer", "images", batch_shape=[None, 36]), []),
        (layer("Reshape", "reshape", target_shape=[6, 6, 1]), ["images"]),
        (block("first", 3), ["reshape"]),
        (layer("ZeroPadding2D", "pad", padding=[[1, 1], [1, 1]]), ["first"]),
        (block("second", 3), ["pad"]),
        (layer("Flatten", "flat", data_format="channels_last"), ["second"]),
        (layer("GlobalMaxPooling2D", "top"), ["first"]),
        (layer("Concatenate", "all", axis=-1), ["flat", "top"]),
        (layer("Dense", "out", units=2, activation=function("linear"), use_bias=True), ["all"]),
        (layer("Activation", "probabilities", activation=function("softmax")), ["out"]),
    ]

    def forward(x):
        first = K.relu(K.conv2d(x.reshape(-1, 6, 6, 1), k1))
        second = K.relu(K.conv2d(K.zero_padding(first, [(1, 1), (1, 1)]), k2))
        return np.concatenate([K.flatten(second), first.max((1, 2))], -1) @ w + c

    net = Net(functional("functional", nodes, ("images", "probabilities"), True), forward, (36,))
    net.kind = "keras"
    net.numbered = {
        "layers/functional/layers/conv2d": [k1],
        "layers/functional_1/layers/conv2d": [k2],
        "layers/dense": [w, c],
    }
    return net


def channels_first(r):
    """Keras 2 with the channels first; flatten turns them to the end."""
    k, b, w = floats(r, 3, 3, 2, 3), floats(r, 3), floats(r, 12, 3)
    first = {"data_format": "channels_first"}
    config = chain(
        "sequential",
        [
            layer("Conv2D", "conv", batch_input_shape=[None, 2, 6, 6], filters=3, kernel_size=[3, 3], strides=[1, 1], padding="valid", dilation_rate=[1, 1], activation="relu", use_bias=True, **first),
            layer("MaxPooling2D", "pool", pool_size=[2, 2], padding="valid", strides=[2, 2], **first),
            layer("Flatten", "flat", **first),
            layer("Dense", "out", units=3, activation="linear", use_bias=False),
        ],
    )

    def forward(x):
        y = K.pool(K.relu(K.conv2d(x.transpose(0, 2, 3, 1), k, b)), (2, 2), (2, 2), "valid", False)
        return K.flatten(y) @ w

    net = Net(config, forward, (2, 6, 6))
    net.groups = {"conv": [("conv/kernel:0", k), ("conv/bias:0", b)], "out": [("out/kernel:0", w)]}
    return net


NETWORKS = {
    "plain": plain,
    "packed": packed,
    "branches": branches,
    "separable": separable,
    "nested": nested,
    "channels-first": channels_first,
}
