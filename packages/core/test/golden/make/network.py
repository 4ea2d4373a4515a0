"""A network from its spec, as PyTorch computes it: every number, forward and backward."""
import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F

from .files import single


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
    "flatten": "flatten", "dense": "fc", "leakyRelu": "leaky", "relu6": "clip",
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
        elif layer["type"] == "relu6":
            x = F.relu6(x)
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


# ---- specs, as in builders.ts -----------------------------------------------------------------------------------------


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


def norm(dimensions, **options):
    return {"type": f"batchNorm{dimensions}d", **options}


RELU, RELU6, FLATTEN = {"type": "relu"}, {"type": "relu6"}, {"type": "flatten"}


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
