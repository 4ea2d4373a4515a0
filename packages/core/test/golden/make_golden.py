#!/usr/bin/env python3
"""
Writes the golden files beside it: what PyTorch computes, for the tests to compare with. The tests need no Python.

    OMP_NUM_THREADS=1 /usr/bin/python3 packages/core/test/golden/make_golden.py

The committed files were made with PyTorch 1.13.1 (Debian 12's python3-torch, which calls itself 1.13.0a0), NumPy 1.24.2
and Python 3.11.2 on x86-64. Other versions may change last bits; the tests' bounds allow for that.

Each file is safetensors. Its metadata has the key "golden" with JSON that says what was computed (specs, labels,
options); its tensors are F64 under the library's names. Inputs and parameters are rounded to float32 first, so that
the same file can be held against a computation in float32 without a difference that lies in the input.
"""
import json
import math
import os
import struct
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
HERE = os.path.dirname(os.path.abspath(__file__))


def save(name, golden, tensors):
    header, blobs, end = {"__metadata__": {"golden": json.dumps(golden)}}, [], 0
    for key, value in tensors.items():
        array = np.ascontiguousarray(torch.as_tensor(value).detach().numpy())
        dtype = {"float64": "F64", "uint8": "U8"}[array.dtype.name]
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]}
        blobs.append(array.tobytes())
        end += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(HERE, name + ".safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def single(t):
    """The nearest float32 numbers, in float64."""
    return t.to(torch.float32).to(torch.float64)


# ---- a network from its spec -----------------------------------------------------------------------------------------


def both(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def padding_of(layer, size, window, stride, dilation):
    """[top, right, bottom, left]"""
    padding = layer.get("padding", 0)
    if padding == "same":  # ceil(size / stride) outputs, the odd cell at the end
        total = [
            max(0, (math.ceil(s / t) - 1) * t + (k - 1) * d + 1 - s)
            for s, k, t, d in zip(size, window, stride, dilation)
        ]
        return [total[0] // 2, total[1] - total[1] // 2, total[0] - total[0] // 2, total[1] // 2]
    return [padding] * 4 if isinstance(padding, int) else padding


def run_conv(layer, x, weight, bias):
    kernel, stride, dilation = both(layer["kernel"]), both(layer.get("stride", 1)), both(layer.get("dilation", 1))
    top, right, bottom, left = padding_of(layer, x.shape[2:], kernel, stride, dilation)
    y = F.conv2d(F.pad(x, (left, right, top, bottom)), weight, bias, stride=stride, dilation=dilation, groups=layer.get("groups", 1))
    if layer.get("padding") == "same" and stride == (1, 1):  # here PyTorch has a "same" of its own
        warnings.filterwarnings("ignore", message="Using padding='same'")  # that it may be slow
        own = F.conv2d(x, weight, bias, padding="same", dilation=dilation, groups=layer.get("groups", 1))
        assert torch.allclose(y, own, rtol=1e-12, atol=1e-12)
    return y


def run_pool(layer, x):
    size = both(layer["size"])
    stride = both(layer.get("stride", size))
    top, right, bottom, left = padding_of(layer, x.shape[2:], size, stride, (1, 1))
    if top == bottom and left == right and 2 * top <= size[0] and 2 * left <= size[1]:
        return F.max_pool2d(x, size, stride, padding=(top, left))
    return F.max_pool2d(F.pad(x, (left, right, top, bottom), value=-math.inf), size, stride)


def run_average_pool(layer, x):
    size = both(layer["size"])
    stride = both(layer.get("stride", size))
    top, right, bottom, left = padding_of(layer, x.shape[2:], size, stride, (1, 1))
    if top == bottom and left == right and 2 * top <= size[0] and 2 * left <= size[1]:
        return F.avg_pool2d(x, size, stride, padding=(top, left), count_include_pad=True)
    return F.avg_pool2d(F.pad(x, (left, right, top, bottom)), size, stride)


PREFIXES = {
    "conv2d": "conv", "relu": "relu", "maxPool2d": "pool", "averagePool2d": "avgpool", "add": "add",
    "flatten": "flatten", "dense": "fc", "leakyRelu": "leaky",
    "sigmoid": "sigmoid", "tanh": "tanh", "silu": "silu", "gelu": "gelu",
    "globalAveragePool2d": "gap", "concat": "concat", "batchNorm2d": "norm", "batchNorm1d": "norm",
    "dropout": "dropout",
}


CURVES = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "silu": F.silu, "gelu": F.gelu}


def names_of(spec):
    counts, names = {}, []
    for layer in spec["layers"]:
        prefix = PREFIXES[layer["type"]]
        counts[prefix] = counts.get(prefix, 0) + 1
        names.append(layer.get("name", prefix + str(counts[prefix])))
    return names


class Circumstances:
    """In training, of a seed and a step, or in evaluation; batch norm's running statistics are in `state`."""

    def __init__(self, training=True, seed=0, step=1, state=None):
        self.training, self.seed, self.step, self.state = training, seed, step, state or {}


def run_norm(layer, name, x, weight, bias, circumstances):
    mean, variance = (circumstances.state.get(name + key) for key in (".running_mean", ".running_var"))
    momentum, eps = layer.get("momentum", 0.1), layer.get("eps", 1e-5)
    return F.batch_norm(x, mean, variance, weight, bias, circumstances.training, momentum, eps)


def mix(h):
    h ^= h >> 16
    h = h * 0x7FEB352D & 0xFFFFFFFF
    h ^= h >> 15
    h = h * 0x846CA68B & 0xFFFFFFFF
    return h ^ h >> 16


def mask_of(shape, rate, circumstances, node):
    """What the library's dropout multiplies a batch with: PyTorch's own masks are no function of anything."""
    factors = torch.zeros(shape)
    for place in range(shape[0]):
        key = 0
        for part in (circumstances.seed, circumstances.step, node, place):
            key = mix(key + part & 0xFFFFFFFF)
        cells = factors[place].view(-1)
        for cell in range(len(cells)):
            if mix(key + cell * 0x9E3779B9 & 0xFFFFFFFF) / 2**32 >= rate:
                cells[cell] = 1 / (1 - rate)
    return factors


def run(spec, parameters, x, circumstances=Circumstances()):
    """The outputs of all layers by name."""
    outputs = {}
    first = x
    for node, (name, layer) in enumerate(zip(names_of(spec), spec["layers"])):
        if "from" in layer:
            given = layer["from"] if isinstance(layer["from"], list) else [layer["from"]]
            inputs = [first if one == "x" else outputs[one + ".out"] for one in given]
            x = inputs[0]
        weight, bias = parameters.get(name + ".weight"), parameters.get(name + ".bias")
        if layer["type"] == "conv2d":
            x = run_conv(layer, x, weight, bias)
        elif layer["type"] == "relu":
            x = F.relu(x)
        elif layer["type"] == "leakyRelu":
            x = F.leaky_relu(x, layer.get("slope", 0.01))
        elif layer["type"] in CURVES:
            x = CURVES[layer["type"]](x, **{key: layer[key] for key in layer if key == "approximate"})
        elif layer["type"] == "maxPool2d":
            x = run_pool(layer, x)
        elif layer["type"] == "averagePool2d":
            x = run_average_pool(layer, x)
        elif layer["type"] == "globalAveragePool2d":
            x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        elif layer["type"] == "concat":
            x = torch.cat(inputs, 1)
        elif layer["type"] == "add":
            x = sum(inputs[1:], inputs[0])
        elif layer["type"] == "flatten":
            x = torch.flatten(x, 1)
        elif layer["type"] == "dense":
            x = F.linear(x, weight, bias)
        elif layer["type"] in ("batchNorm2d", "batchNorm1d"):
            x = run_norm(layer, name, x, weight, bias, circumstances)
        elif layer["type"] == "dropout" and circumstances.training:
            x = x * mask_of(x.shape, layer.get("rate", 0.5), circumstances, node)
        elif layer["type"] == "dropout":
            x = x.clone()
        outputs[name + ".out"] = x
    return outputs


def make_parameters(spec, random):
    """Normal weights; a layer's shapes follow from running the layers before it."""
    parameters = {}
    for index, (name, layer) in enumerate(zip(names_of(spec), spec["layers"])):
        is_norm = layer["type"].startswith("batchNorm")
        if layer["type"] not in ("conv2d", "dense") and not is_norm:
            continue
        before = run({"layers": spec["layers"][:index]}, parameters, torch.zeros(2, *spec["input"]))
        shapes = {"x": spec["input"], **{key[:-len(".out")]: y.shape[1:] for key, y in before.items()}}
        inputs = shapes[layer.get("from", list(shapes)[-1])][0]
        if is_norm:
            parameters[name + ".weight"] = single(1 + torch.randn(inputs, generator=random) * 0.3)
            parameters[name + ".bias"] = single(torch.randn(inputs, generator=random) * 0.3)
            continue
        if layer["type"] == "conv2d":
            shape = (layer["filters"], inputs // layer.get("groups", 1), *both(layer["kernel"]))
        else:
            shape = (layer["units"], inputs)
        scale = math.sqrt(2 / np.prod(shape[1:]))
        parameters[name + ".weight"] = single(torch.randn(shape, generator=random) * scale)
        if layer.get("bias", True):
            parameters[name + ".bias"] = single(torch.randn(shape[0], generator=random) * 0.3)
    return parameters


# ---- whole networks, every number ------------------------------------------------------------------------------------


def conv(filters, kernel, **options):
    return {"type": "conv2d", "filters": filters, "kernel": kernel, **options}


def pool(size, **options):
    return {"type": "maxPool2d", "size": size, **options}


def dense(units, **options):
    return {"type": "dense", "units": units, **options}


def average_pool(size, **options):
    return {"type": "averagePool2d", "size": size, **options}


def add(*inputs, **options):
    return {"type": "add", "from": list(inputs), **options}


def concat(*inputs, **options):
    return {"type": "concat", "from": list(inputs), **options}


def leaky(slope):
    return {"type": "leakyRelu", "slope": slope}


RELU, FLATTEN = {"type": "relu"}, {"type": "flatten"}

NETWORKS = {  # name: (batch, input, layers)
    "one-conv": (3, [1, 10, 10], [conv(4, 3), RELU, pool(2), FLATTEN, dense(10)]),
    "strides": (2, [3, 9, 7], [
        conv(4, [3, 2], stride=[2, 1], padding=1), RELU, pool(3, stride=2, padding=1), FLATTEN, dense(5)]),
    "asymmetric": (4, [2, 8, 7], [
        conv(3, 3, stride=2, padding=[2, 0, 1, 3], bias=False), RELU, conv(4, [1, 3], padding=[0, 2, 0, 1]), RELU,
        pool([2, 3], stride=[1, 2], padding=[1, 0, 0, 2]), FLATTEN, dense(4)]),
    "dilated": (1, [2, 11, 10], [
        conv(3, 3, dilation=2, padding=2), RELU, conv(2, [2, 3], dilation=[3, 2], stride=[2, 1]), RELU, FLATTEN,
        dense(6)]),
    "same": (2, [2, 9, 8], [
        conv(4, 4, padding="same"), RELU, conv(3, 5, stride=2, padding="same"), RELU,
        conv(2, [3, 2], dilation=[2, 3], padding="same"), pool(3, stride=2, padding="same"), FLATTEN, dense(5)]),
    "dense": (5, [1, 5, 6], [
        FLATTEN, dense(12, bias=False), RELU, dense(9), RELU, dense(7, bias=False), RELU, dense(4)]),
    "relu-after-flatten": (3, [3, 6, 8], [
        conv(5, [2, 3]), pool(2, stride=3), FLATTEN, RELU, dense(8), RELU, dense(3)]),
    "leftovers": (2, [2, 11, 9], [
        conv(4, 1), RELU, pool([3, 2]), conv(3, [2, 3], bias=False), RELU, pool(2), FLATTEN, dense(10)]),
    "ties": (3, [2, 7, 7], [
        pool(2, stride=1), conv(3, 3, padding=1), RELU, pool(2), pool(3, stride=1, padding=1), FLATTEN, dense(4)]),
    "small-image": (5, [1, 3, 4], [conv(2, 5, stride=3, padding=[3, 2, 2, 4]), RELU, FLATTEN, dense(2, bias=False)]),
    "two-blocks": (5, [1, 14, 13], [
        conv(3, 5, padding=2), RELU, pool(2), conv(4, 5), RELU, pool([2, 1]), FLATTEN, dense(8), RELU, dense(10)]),
    "window-means": (3, [2, 9, 8], [
        average_pool(2, stride=1), conv(3, 3), average_pool([3, 2], stride=[1, 2], padding=[2, 0, 1, 1]), RELU,
        average_pool(2, padding=1), FLATTEN, dense(4)]),
    "ways": (3, [2, 8, 7], [
        conv(3, 3, padding=1, name="stem"), RELU, conv(3, 3, padding=1), RELU, conv(3, 3, padding=1),
        add("relu1", "conv3"), RELU, conv(4, 3, stride=2, padding=1, name="down"), conv(4, 1, stride=2, **{"from": "relu3"}),
        add("down", "conv5", "down"), average_pool(3, stride=2, padding=1), FLATTEN, dense(6), RELU, dense(6),
        add("fc2", "relu4"), dense(4)]),
    "with-leaks": (3, [2, 8, 7], [  # behind a ReLU much is exactly 0
        leaky(0.5), conv(4, 3), leaky(0.2), pool(2), conv(3, 2), RELU, leaky(-0.5), FLATTEN, dense(8),
        {"type": "leakyRelu"}, dense(6), leaky(1.5), dense(4)]),
    "with-smooth-curves": (3, [2, 8, 7], [
        {"type": "tanh"}, conv(4, 3), {"type": "silu"}, conv(3, 3, padding=1), {"type": "gelu"}, pool(2),
        {"type": "sigmoid"}, FLATTEN, dense(9), {"type": "gelu", "approximate": "tanh"}, dense(8), {"type": "tanh"}, dense(5),
        {"type": "sigmoid"}, dense(4)]),
    "with-ways-side-by-side": (3, [2, 8, 7], [
        conv(3, 3, padding=1), RELU, conv(4, 1, **{"from": "x"}), concat("x", "relu1", "conv2"), conv(5, 3), RELU,
        concat("relu2", "relu2"), {"type": "globalAveragePool2d"}, {"type": "globalAveragePool2d", "from": "concat1"},
        {"type": "flatten", "from": "relu2"}, dense(6), concat("gap1", "fc1", "gap2"), dense(7), RELU,
        concat("relu3", "fc1"), dense(4)]),
    "without-mixing": (3, [4, 9, 8], [
        conv(6, 3, padding=1, groups=2), RELU, conv(6, 3, stride=[2, 1], padding=[1, 0, 2, 1], groups=6), RELU, conv(8, 1),
        conv(16, [2, 3], dilation=[1, 2], groups=4, bias=False), RELU, FLATTEN, dense(4)]),
}


def trace(spec, parameters, x, labels, circumstances=Circumstances()):
    x = x.clone().requires_grad_()
    parameters = {name: p.clone().requires_grad_() for name, p in parameters.items()}
    outputs = run(spec, parameters, x, circumstances)
    for output in outputs.values():
        output.retain_grad()
    logits = list(outputs.values())[-1]
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    everything = {"x": x, **parameters, **outputs}
    gradients = {"grad." + name: t.grad for name, t in everything.items()}
    return {**everything, "probs": torch.softmax(logits, 1), "loss": loss, **gradients}


def make_networks():
    for seed, (name, (batch, shape, layers)) in enumerate(NETWORKS.items()):
        random = torch.Generator().manual_seed(seed)
        spec = {"input": shape, "layers": layers}
        parameters = make_parameters(spec, random)
        x = single(torch.randn(batch, *shape, generator=random))
        if name == "ties":  # small whole numbers: equal cells in windows, sums that are exactly zero
            x = torch.randint(0, 3, x.shape, generator=random).to(torch.float64)
            parameters = {
                key: torch.randint(-1, 2, p.shape, generator=random) / (8 if key.startswith("fc") else 1)
                for key, p in parameters.items()
            }
        labels = torch.randint(0, layers[-1]["units"], (batch,), generator=random)
        tensors = trace(spec, parameters, x, labels)
        if name == "ties":
            assert (tensors["conv1.out"] == 0).any()
        save("network-" + name, {"spec": spec, "labels": labels.tolist()}, tensors)


# ---- softmax and cross-entropy alone ---------------------------------------------------------------------------------


def make_softmax():
    random = torch.Generator().manual_seed(100)
    rows = torch.randn(6, 7, generator=random) * 3
    extremes = torch.tensor([
        [0, 0, 0, 0, 0, 0, 0],  # all equal
        [1000, 999, -1000, 0, 1, 2, 3],  # e^1000 is no number
        [-1000, -1001, -1002, -1003, -1000, -1000, -1750],
        [745, 0, 0.5, 1, 1, 1, -0.25],  # e^-745 is the smallest number there is
        [1e-9, 0, -1e-9, 0, 0, 0, 2e-9],
        [30, 30, -30, -30, 0, 0, 40],
    ])
    logits = single(torch.cat([rows, extremes])).requires_grad_()
    labels = torch.tensor([0, 6, 3, 1, 1, 5, 2, 2, 6, 1, 4, 3])
    outgoing = single(torch.randn(logits.shape, generator=random))
    probs = torch.softmax(logits, 1)
    softmax_gradient = torch.autograd.grad(probs, logits, outgoing)[0]
    losses = F.cross_entropy(logits, labels, reduction="none")
    loss = losses.mean()
    gradient = torch.autograd.grad(loss, logits)[0]
    save("softmax", {"labels": labels.tolist()}, {
        "logits": logits, "probs": probs, "grad.probs": outgoing, "grad.logits.of.softmax": softmax_gradient,
        "losses": losses, "loss": loss, "grad.logits": gradient})


# ---- losses with their options ---------------------------------------------------------------------------------------


def make_losses():
    random = torch.Generator().manual_seed(102)
    rows = [[0, 0, 0, 0, 0], [300, 299, -300, 0, 1], [-80, 0.5, 90, 1, -0.25]]
    logits = single(torch.cat([torch.randn(5, 5, generator=random) * 3, torch.tensor(rows)])).requires_grad_()
    labels = torch.tensor([0, 4, 3, 1, 1, 2, 2, 0])
    weights = [0.5, 2, 1, 3.25, 0.125]
    tensors, cases = {"logits": logits}, []
    for smoothing in (0, 0.1, 0.6):
        for weighted in (False, True):
            weight = torch.tensor(weights) if weighted else None
            options = {"weight": weight, "label_smoothing": smoothing}
            loss = F.cross_entropy(logits, labels, **options)
            name = f"softmaxCrossEntropy/{smoothing}{'/weighted' if weighted else ''}"
            cases.append({"name": name, "spec": {"type": "softmaxCrossEntropy", "labelSmoothing": smoothing},
                          "classWeights": weights if weighted else None})
            tensors[name + "/losses"] = F.cross_entropy(logits, labels, reduction="none", **options)
            tensors[name + "/loss"] = loss
            tensors[name + "/grad.logits"] = torch.autograd.grad(loss, logits)[0]
    hot = F.one_hot(labels, 5).to(torch.float64)
    for weighted in (False, True):
        each = torch.tensor(weights)[labels] if weighted else torch.ones(len(labels))
        losses = each * F.mse_loss(logits, hot, reduction="none").mean(1)
        loss = losses.sum() / each.sum()
        if not weighted:
            assert torch.isclose(loss, torch.nn.MSELoss()(logits, hot), rtol=1e-14)
        name = "meanSquaredError" + ("/weighted" if weighted else "")
        cases.append({"name": name, "spec": {"type": "meanSquaredError"}, "classWeights": weights if weighted else None})
        tensors[name + "/losses"], tensors[name + "/loss"] = losses, loss
        tensors[name + "/grad.logits"] = torch.autograd.grad(loss, logits)[0]
    save("losses", {"labels": labels.tolist(), "cases": cases}, tensors)


# ---- smooth functions of one number, also far out --------------------------------------------------------------------


def make_curves():
    sizes = torch.tensor([0, 1e-30, 1e-9, 1e-4, 0.3, 0.5, 1.28, 2, 5, 8, 16, 17, 30, 69, 70, 100, 700, 1000, 1e6, 1e30])
    x = single(torch.cat([torch.linspace(-12, 12, 97), sizes, -sizes])).requires_grad_()
    outgoing = single(torch.randn(x.shape, generator=torch.Generator().manual_seed(101)))
    tensors = {"x": x, "grad.y": outgoing}
    rows = {**CURVES, "geluTanh": lambda x: F.gelu(x, approximate="tanh")}
    for name, curve in rows.items():
        y = curve(x)
        tensors[name] = y
        tensors["grad." + name] = torch.autograd.grad(y, x, outgoing)[0]
    save("curves", {"curves": list(rows)}, tensors)


# ---- learning rates --------------------------------------------------------------------------------------------------


def scheduler_of(schedule, optimizer, peak, steps):
    if schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    if schedule == "one-cycle":
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=peak, total_steps=steps, cycle_momentum=False)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)


PEAKS_AND_STEPS = [
    (0.1, 1), (0.1, 2), (0.1, 3), (0.1, 4), (0.5, 5), (0.1, 7), (0.005, 10), (1, 13), (0.02, 100), (0.003, 333)]


def make_schedules():
    tensors, cases = {}, []
    for schedule in ("constant", "cosine", "one-cycle"):
        for peak, steps in PEAKS_AND_STEPS:
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
            scheduler = scheduler_of(schedule, optimizer, peak, steps)
            rates = []
            for step in range(steps):
                rates.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                if step + 1 < steps:
                    scheduler.step()
            name = f"{schedule}/{peak}/{steps}"
            cases.append({"name": name, "schedule": schedule, "peak": peak, "steps": steps})
            tensors[name] = torch.tensor(rates)
    save("schedules", {"cases": cases}, tensors)


# ---- several steps of each optimizer, from bytes ---------------------------------------------------------------------

TRAINING_SPEC = {
    "input": [2, 8, 7],
    "layers": [conv(3, 3, padding=1), RELU, pool(2), FLATTEN, dense(8), RELU, dense(4)],
    "normalize": {"mean": [0.25, 0.5], "std": [0.5, 0.75]},
}
BATCH = 4
KEPT_STEPS = (1, 2, 7)

TRAININGS = [  # name, optimizer as the library is asked for it, schedule, peak, clip
    ("sgd", {"type": "sgd", "momentum": 0}, "constant", 0.02, None),
    ("sgd-momentum", {"type": "sgd", "momentum": 0.9}, "constant", 0.005, None),
    ("sgd-nesterov", {"type": "sgd", "momentum": 0.8, "nesterov": True}, "cosine", 0.01, None),
    ("sgd-weight-decay", {"type": "sgd", "momentum": 0, "weightDecay": 0.3}, "one-cycle", 0.02, None),
    ("sgd-all", {"type": "sgd", "momentum": 0.7, "nesterov": True, "weightDecay": 0.2}, "one-cycle", 0.05, 0.5),
    ("sgd-clip", {"type": "sgd", "momentum": 0}, "constant", 0.03, 5),
    ("adam", {"type": "adam"}, "constant", 0.01, None),
    ("adam-weight-decay", {"type": "adam", "weightDecay": 0.1}, "cosine", 0.01, None),
    ("adam-options", {"type": "adam", "beta1": 0.6, "beta2": 0.95, "epsilon": 0.001}, "one-cycle", 0.02, 0.25),
    ("adamw", {"type": "adamw"}, "constant", 0.01, None),
    ("adamw-weight-decay", {"type": "adamw", "weightDecay": 0.5}, "one-cycle", 0.02, None),
]


def optimizer_of(options, parameters, rate):
    decay = options.get("weightDecay", 0.01 if options["type"] == "adamw" else 0)
    if options["type"] == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=options["momentum"], weight_decay=decay,
                               nesterov=options.get("nesterov", False))
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[options["type"]]
    betas = (options.get("beta1", 0.9), options.get("beta2", 0.999))
    return kind(parameters, lr=rate, betas=betas, eps=options.get("epsilon", 1e-8), weight_decay=decay)


def make_training():
    random = torch.Generator().manual_seed(200)
    start = make_parameters(TRAINING_SPEC, random)
    images = torch.randint(0, 256, (12, *TRAINING_SPEC["input"]), generator=random).to(torch.uint8)
    labels = torch.randint(0, 4, (12,), generator=random)
    # 26 images in batches of 4: 7 steps, of which the last has 2 images only. Some images come twice.
    order = torch.cat([torch.randperm(12, generator=random) for _ in range(3)])[:26]
    batches = [order[i : i + BATCH] for i in range(0, 26, BATCH)]
    mean = torch.tensor(TRAINING_SPEC["normalize"]["mean"]).reshape(1, -1, 1, 1)
    std = torch.tensor(TRAINING_SPEC["normalize"]["std"]).reshape(1, -1, 1, 1)
    pixels = (images / torch.tensor(255.0) - mean) / std

    tensors = {"images": images, **{"start/" + name: p for name, p in start.items()}}
    cases = []
    for name, options, schedule, peak, clip in TRAININGS:
        parameters = {key: p.clone().requires_grad_() for key, p in start.items()}
        optimizer = optimizer_of(options, list(parameters.values()), peak)
        scheduler = scheduler_of(schedule, optimizer, peak, len(batches))
        losses, norms = [], []
        for step, batch in enumerate(batches, 1):
            optimizer.zero_grad()
            logits = list(run(TRAINING_SPEC, parameters, pixels[batch]).values())[-1]
            loss = F.cross_entropy(logits, labels[batch])
            loss.backward()
            losses.append(loss.item())
            if clip is not None:
                norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), clip).item())
            optimizer.step()
            if step < len(batches):
                scheduler.step()
            if step in KEPT_STEPS:
                tensors.update({f"{name}/step{step}/{key}": p.detach().clone() for key, p in parameters.items()})
        if name == "sgd-clip":
            assert min(norms) < clip < max(norms), norms  # some steps are clipped, some not
        tensors[name + "/losses"] = torch.tensor(losses)
        if clip is not None:
            tensors[name + "/norms"] = torch.tensor(norms)
        cases.append({"name": name, "optimizer": options, "schedule": schedule, "peak": peak, "clip": clip})
    golden = {"spec": TRAINING_SPEC, "labels": labels.tolist(), "order": order.tolist(), "batchSize": BATCH,
              "keptSteps": KEPT_STEPS, "cases": cases}
    save("training", golden, tensors)


# ---- layers that do something else in training ------------------------------------------------------------------------


def norm(dimensions, **options):
    return {"type": f"batchNorm{dimensions}d", **options}


MODAL = {  # name: (input, layers); the options are also others than the default
    "images": ([2, 7, 6], [
        conv(3, 3, bias=False), norm(2), RELU, conv(4, 2), norm(2, eps=0.125, momentum=0.375), leaky(0.2), pool(2),
        FLATTEN, dense(4)]),
    "features": ([1, 3, 4], [
        FLATTEN, norm(1), dense(6), norm(1, eps=0.25, momentum=0.5), RELU, dense(5), norm(1, momentum=1), dense(3)]),
    "momentum-0": ([1, 4, 4], [norm(2, momentum=0), FLATTEN, dense(4, bias=False), norm(1, momentum=0), dense(2)]),
    "residual": ([2, 6, 5], [
        conv(3, 3, padding=1, name="stem"), norm(2), RELU, {"type": "dropout", "rate": 0.25}, conv(3, 3, padding=1),
        norm(2, name="inner"), add("inner", "relu1"), RELU, average_pool(2), FLATTEN, dense(6), norm(1), RELU,
        {"type": "dropout"}, dense(4)]),
}
MODAL_SEED, MODAL_BATCH, MODAL_RATE = 41, 5, 0.05


def make_modal():
    """
    A step of training with every number, the parameters and running statistics after each of four steps of SGD (the last on
    2 images), and then a step in evaluation.
    """
    for index, (name, (shape, layers)) in enumerate(MODAL.items()):
        random = torch.Generator().manual_seed(300 + index)
        spec = {"input": shape, "layers": layers, "normalize": {"mean": [0.25] * shape[0], "std": [0.5] * shape[0]}}
        parameters = make_parameters(spec, random)
        start = {"start/" + key: p for key, p in parameters.items()}
        state = {}
        for key, p in parameters.items():
            if key.replace("inner", "norm").startswith("norm") and key.endswith("weight"):
                state[key.replace("weight", "running_mean")] = torch.zeros(p.shape)
                state[key.replace("weight", "running_var")] = torch.ones(p.shape)
        start.update({"start/" + key: t.clone() for key, t in state.items()})
        images = torch.randint(0, 256, (9, *shape), generator=random).to(torch.uint8)
        labels = torch.randint(0, layers[-1]["units"], (9,), generator=random)
        order = torch.cat([torch.randperm(9, generator=random) for _ in range(2)])[:17]
        pixels = (images / torch.tensor(255.0) - 0.25) / 0.5

        tensors, losses = {"images": images, **start}, []
        batches = [order[i : i + MODAL_BATCH] for i in range(0, 17, MODAL_BATCH)]
        for step, batch in enumerate(batches, 1):
            here = Circumstances(seed=MODAL_SEED, step=step, state=state)  # F.batch_norm changes what is in `state`
            numbers = trace(spec, parameters, pixels[batch], labels[batch], here)
            if step == 1:
                tensors.update({"training/" + key: t.detach().clone() for key, t in numbers.items()})
            losses.append(numbers["loss"].item())
            parameters = {key: p - MODAL_RATE * numbers["grad." + key] for key, p in parameters.items()}
            tensors.update({f"step{step}/{key}": t.detach().clone() for key, t in {**parameters, **state}.items()})
        here = Circumstances(training=False, state=state)
        numbers = trace(spec, parameters, pixels[:4], labels[:4], here)
        tensors.update({"evaluation/" + key: t for key, t in numbers.items()})
        tensors["losses"] = torch.tensor(losses)
        save("modal-" + name, {
            "spec": spec, "labels": labels.tolist(), "order": order.tolist(), "batchSize": MODAL_BATCH,
            "seed": MODAL_SEED, "learningRate": MODAL_RATE}, tensors)


if __name__ == "__main__":
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}")
    make_networks()
    make_softmax()
    make_losses()
    make_curves()
    make_schedules()
    make_training()
    make_modal()
