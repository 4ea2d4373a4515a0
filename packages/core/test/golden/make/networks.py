"""Whole networks, every number."""
import torch

from .files import save, single
from .network import (
    FLATTEN, RELU, RELU6, add, average_pool, concat, conv, dense, leaky, make_parameters, pool, trace)

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
    "with-upper-ends": (3, [2, 8, 7], [  # slopes that make many numbers larger than 6
        conv(4, 3), leaky(-9), RELU6, pool(2), conv(4, 2), RELU6, leaky(0.1), RELU6, FLATTEN, dense(8), leaky(-5), RELU6,
        dense(4)]),
}


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
