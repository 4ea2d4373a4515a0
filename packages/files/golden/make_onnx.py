"""Networks as other programs write them in ONNX, with inputs and what comes out.

    /usr/bin/python3 packages/files/golden/make_onnx.py

PyTorch's (1.13.1) come from torch.onnx.export. Those in the style of tf2onnx, which turns Keras's networks into ONNX, are made with
the helpers of the package onnx (1.12), as tf2onnx lays such graphs out: they are not Keras's own. All numbers are PyTorch's.
"""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
FOLDER = Path(__file__).parent / "onnx"


class ByView(nn.Module):
    """Flattens by view, which is exported as Shape, Gather, Unsqueeze, Concat and Reshape."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2, bias=False)
        self.fc = nn.Linear(6 * 3 * 3, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.fc(x.view(x.size(0), -1))


class Residual(nn.Module):
    """Two blocks with batch normalisation, a way past each, and the mean over the picture."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8, eps=1e-3), nn.ReLU())
        self.conv1 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(8, momentum=0.3)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(8)
        self.down = nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        x = F.relu(y + self.down(x))
        return self.fc(x.mean([2, 3]))


class Branches(nn.Module):
    """Ways that are concatenated; convolutions in groups, one after the other, and with dilation."""

    def __init__(self):
        super().__init__()
        self.depth = nn.Conv2d(2, 4, (3, 3), padding=(1, 1), groups=2)
        self.point = nn.Conv2d(4, 6, 1)
        self.wide = nn.Conv2d(2, 3, 3, padding=2, dilation=2)
        self.fc = nn.Linear(9 * 9, 4)

    def forward(self, x):
        a = F.avg_pool2d(F.leaky_relu(self.point(self.depth(x)), 0.2), 3, stride=2, padding=1)
        b = F.max_pool2d(torch.tanh(self.wide(x)), 3, stride=2, padding=1)
        return F.log_softmax(self.fc(torch.cat([a, b], 1).flatten(1)), dim=1)


def gelus():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.GELU(),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.GELU(approximate="tanh"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )


def silus():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2),
        nn.SiLU(),
        nn.Dropout2d(0.3),
        nn.Conv2d(4, 4, 2),
        nn.Sigmoid(),
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(4, 6, 1),
        nn.SiLU(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(6, 3),
        nn.Softmax(dim=1),
    )


def rows():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(36, 12),
        nn.BatchNorm1d(12),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(12, 7, bias=False),
        nn.PReLU(init=0.1),
        nn.Linear(7, 4),
    )


class Scaled(nn.Module):
    """Takes bytes as floats and normalises them itself."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 3 * 3, 3)

    def forward(self, x):
        x = (x / 255 - self.mean) / self.std
        return self.fc(torch.flatten(F.max_pool2d(F.relu(self.conv(x)), 2), 1))


def padded():
    """Zeros around the picture, whose number on each side PyTorch has the file compute."""
    return nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(2, 3, 3), nn.ReLU(), nn.ZeroPad2d(1), nn.MaxPool2d(3, 2), nn.Flatten(), nn.Linear(36, 3))


class Functional(nn.Module):
    """Views by numbers and by -1, silu written out, sums of three."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(2, 3, 3, padding=1)
        self.b = nn.Conv2d(2, 3, 1)
        self.c = nn.Conv2d(2, 3, 1, bias=False)
        self.fc = nn.Linear(3 * 6 * 5, 4)

    def forward(self, x):
        a = self.a(x)
        x = a * torch.sigmoid(a) + self.b(x) + self.c(x)
        return self.fc(x.reshape(-1, 3 * 6 * 5))


def clipped():
    """ReLU6 in both of PyTorch's ways, on numbers beyond both ends; dilations; pools whose last windows reach over the edge."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, dilation=(2, 1), padding=(2, 0)),
        nn.LeakyReLU(-9),
        nn.ReLU6(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(4, 3, 2, stride=2, dilation=2, bias=False),
        nn.Hardtanh(0, 6),
        nn.Flatten(),
        nn.Linear(3, 3),
    )


class Products(nn.Module):
    """Matrix products and additions instead of layers, a bias that is added to maps, a minimum; one convolution used twice."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        self.bias = nn.Parameter(torch.rand(2, 1, 1))
        self.weight = nn.Parameter(torch.randn(2 * 25, 4))
        self.shift = nn.Parameter(torch.randn(4))

    def forward(self, x):
        x = torch.minimum(F.relu(self.conv(x) + self.bias), torch.tensor(6.0))
        x = self.conv(x).clamp(min=0)
        return x.reshape(x.shape[0], -1) @ self.weight + self.shift


def plain_norms():
    """Batch normalisation without weights, in float64; means over windows with padding that isn't reached, and over all."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(4, affine=False),
        nn.AvgPool2d(2, count_include_pad=False),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
        nn.Linear(4, 5),
        nn.BatchNorm1d(5, affine=False),
        nn.Linear(5, 3, bias=False),
    ).double()


def randomised(model, seed):
    """Norms that aren't as they begin, so that they are seen to be used."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            learnt = [module.weight.data, module.bias.data] if module.affine else [None, None]
            for tensor in filter(lambda one: one is not None, (learnt[0], module.running_var)):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
            for tensor in filter(lambda one: one is not None, (learnt[1], module.running_mean)):
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)
    return model


# name, network, input, scale of the input, options of the export
TORCH = [
    ("by_view", ByView, [1, 14, 14], 1, dict(opset_version=11, do_constant_folding=True)),
    ("by_view_unfolded", ByView, [1, 14, 14], 1, dict(opset_version=13, do_constant_folding=False)),
    ("residual_merged", Residual, [3, 8, 8], 1, dict(opset_version=12)),
    ("residual", Residual, [3, 8, 8], 1, dict(opset_version=16, training=torch.onnx.TrainingMode.PRESERVE)),
    ("branches", Branches, [2, 6, 5], 1, dict(opset_version=14)),
    ("gelus", gelus, [1, 7, 6], 1, dict(opset_version=15, do_constant_folding=False)),
    ("silus", silus, [3, 9, 9], 1, dict(opset_version=16)),
    ("rows", rows, [1, 6, 6], 1, dict(opset_version=11, fixed=True, training=torch.onnx.TrainingMode.PRESERVE)),
    ("scaled", Scaled, [3, 6, 6], 255, dict(opset_version=13)),
    ("padded", padded, [2, 7, 6], 1, dict(opset_version=13, do_constant_folding=False)),
    ("functional", Functional, [2, 6, 5], 1, dict(opset_version=16, fixed=True)),
    ("clipped", clipped, [2, 7, 10], 1, dict(opset_version=10)),
    ("clipped_later", clipped, [2, 7, 10], 1, dict(opset_version=13)),
    ("products", Products, [2, 5, 5], 1, dict(opset_version=13)),
    ("plain_norms", plain_norms, [1, 8, 8], 1, dict(opset_version=13)),
]


def export(name, make, shape, scale, options):
    torch.manual_seed(sum(map(ord, name)))
    model = make()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter)
    model = randomised(model, 7).eval()
    x = (torch.rand(3, *shape) * scale).to(next(model.parameters()).dtype)
    fixed = options.pop("fixed", False)
    torch.onnx.export(
        model,
        x,
        str(FOLDER / f"torch_{name}.onnx"),
        input_names=["input"],
        output_names=["output"],
        dynamic_axes=None if fixed else {"input": {0: "n"}, "output": {0: "n"}},
        **options,
    )
    with torch.no_grad():
        y = model(x)
    return {"scale": scale, "x": rounded(x), "y": rounded(y)}


def rounded(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{value:.9g}") for value in tensor.flatten().tolist()]}


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def keras_like(name, size, channels, is_grey):
    """Conv2D, pooling, flatten, dense as tf2onnx writes them: a Transpose before and behind, MatMul and Add."""
    generator = torch.Generator().manual_seed(11)
    draw = lambda *shape: torch.randn(*shape, generator=generator) * 0.4
    height, width = size
    w1, b1, w2, b2 = draw(4, channels, 3, 3), draw(4), draw(5, 4, 3, 3), draw(5)
    h2, v2 = (math.ceil(height / 2) + 1) // 2, (math.ceil(width / 2) + 1) // 2
    fc1, c1 = draw(h2 * v2 * 5, 8), draw(8)
    gamma, beta, mean, var = draw(8), draw(8), draw(8), torch.rand(8, generator=generator) + 0.5
    fc2, c2 = draw(8, 3), draw(3)
    x = torch.rand(3, height, width, channels, generator=generator)

    nodes = []
    if is_grey:  # one channel: tf2onnx writes a Reshape instead
        nodes.append(helper.make_node("Reshape", ["x", "to_front"], ["x_nchw"], "adjust"))
    else:
        nodes.append(helper.make_node("Transpose", ["x"], ["x_nchw"], "adjust", perm=[0, 3, 1, 2]))
    nodes += [
        helper.make_node("Conv", ["x_nchw", "w1", "b1"], ["c1"], "conv2d/Conv2D", auto_pad="SAME_UPPER", strides=[2, 2], kernel_shape=[3, 3], dilations=[1, 1], group=1),
        helper.make_node("Relu", ["c1"], ["r1"], "conv2d/Relu"),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], "conv2d_1/Conv2D", auto_pad="SAME_UPPER", strides=[1, 1], kernel_shape=[3, 3]),
        helper.make_node("Transpose", ["c2"], ["c2_nhwc"], "back", perm=[0, 2, 3, 1]),
        helper.make_node("Add", ["c2_nhwc", "b2"], ["a2"], "conv2d_1/BiasAdd"),
        helper.make_node("Relu", ["a2"], ["r2"], "conv2d_1/Relu"),
        helper.make_node("Transpose", ["r2"], ["r2_nchw"], "forth", perm=[0, 3, 1, 2]),
        helper.make_node("MaxPool", ["r2_nchw"], ["p2"], "max_pooling2d/MaxPool", auto_pad="SAME_LOWER", strides=[2, 2], kernel_shape=[2, 2]),
        helper.make_node("Transpose", ["p2"], ["p2_nhwc"], "back_again", perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["p2_nhwc", "flat"], ["f"], "flatten/Reshape"),
        helper.make_node("MatMul", ["f", "fc1"], ["m1"], "dense/MatMul"),
        helper.make_node("Add", ["m1", "c1_bias"], ["d1"], "dense/BiasAdd"),
        helper.make_node("BatchNormalization", ["d1", "gamma", "beta", "mean", "var"], ["n1"], "batch_normalization", epsilon=0.001, momentum=0.99),
        helper.make_node("Tanh", ["n1"], ["t1"], "dense/Tanh"),
        helper.make_node("MatMul", ["t1", "fc2"], ["m2"], "dense_1/MatMul"),
        helper.make_node("Add", ["m2", "c2_bias"], ["d2"], "dense_1/BiasAdd"),
        helper.make_node("Softmax", ["d2"], ["y"], "dense_1/Softmax", axis=-1),
    ]
    weights = dict(w1=w1, b1=b1, w2=w2, b2=b2, fc1=fc1, c1_bias=c1, gamma=gamma, beta=beta, mean=mean, var=var, fc2=fc2, c2_bias=c2)
    initializers = [constant(key, value.numpy()) for key, value in weights.items()]
    initializers.append(constant("flat", np.array([-1, h2 * v2 * 5], dtype=np.int64)))
    if is_grey:
        initializers.append(constant("to_front", np.array([-1, 1, height, width], dtype=np.int64)))
    save(name, nodes, initializers, ["unk__1", height, width, channels], 3)

    def same(t, stride, kernel, lower=False):
        pads = []
        for size in (t.shape[3], t.shape[2]):
            total = max(0, (math.ceil(size / stride) - 1) * stride + kernel - size)
            pads += [math.ceil(total / 2), total // 2] if lower else [total // 2, math.ceil(total / 2)]
        return pads

    t = x.permute(0, 3, 1, 2)
    t = F.relu(F.conv2d(F.pad(t, same(t, 2, 3)), w1, b1, stride=2))
    t = F.relu(F.conv2d(F.pad(t, same(t, 1, 3)), w2, b2))
    t = F.max_pool2d(F.pad(t, same(t, 2, 2, True)), 2)
    t = t.permute(0, 2, 3, 1).reshape(3, -1) @ fc1 + c1
    t = torch.tanh((t - mean) / torch.sqrt(var + 0.001) * gamma + beta)
    y = torch.softmax(t @ fc2 + c2, dim=1)
    return {"scale": 1, "channelsLast": True, "x": rounded(x), "y": rounded(y)}


def keras_rescaling(name):
    """Rescaling(1 / 127.5, offset=-1), padding by ZeroPadding2D, the mean over the picture, a shape that is computed, in opset 13."""
    generator = torch.Generator().manual_seed(12)
    draw = lambda *shape: torch.randn(*shape, generator=generator) * 0.4
    w1, b1, fc, c = draw(4, 3, 3, 3), draw(4), draw(4, 2), draw(2)
    x = torch.randint(0, 256, (3, 7, 6, 3), generator=generator).float()
    nodes = [
        helper.make_node("Mul", ["x", "scale"], ["scaled"], "rescaling/mul"),
        helper.make_node("Add", ["scaled", "offset"], ["shifted"], "rescaling/add"),
        helper.make_node("Pad", ["shifted", "pads"], ["padded"], "zero_padding2d/Pad"),
        helper.make_node("Transpose", ["padded"], ["nchw"], "adjust", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["nchw", "w1", "b1"], ["c1"], "conv2d", auto_pad="VALID", strides=[2, 2], kernel_shape=[3, 3]),
        helper.make_node("Sigmoid", ["c1"], ["s1"], "swish/Sigmoid"),
        helper.make_node("Mul", ["s1", "c1"], ["m1"], "swish/mul"),
        helper.make_node("Transpose", ["m1"], ["nhwc"], "back", perm=[0, 2, 3, 1]),
        helper.make_node("ReduceMean", ["nhwc"], ["mean"], "global_average_pooling2d/Mean", axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "fc"], ["m2"], "dense/MatMul"),
        helper.make_node("Add", ["m2", "c"], ["y"], "dense/BiasAdd"),
    ]
    values = dict(scale=np.float32(1 / 127.5), offset=np.float32(-1), pads=np.array([0, 1, 0, 0, 0, 2, 1, 0], dtype=np.int64))
    weights = dict(w1=w1, b1=b1, fc=fc, c=c)
    initializers = [constant(key, value) for key, value in values.items()]
    initializers += [constant(key, value.numpy()) for key, value in weights.items()]
    save(name, nodes, initializers, ["unk__1", 7, 6, 3], 2)
    t = F.pad((x / 127.5 - 1).permute(0, 3, 1, 2), (0, 1, 1, 2))
    t = F.silu(F.conv2d(t, w1, b1, stride=2)).mean([2, 3])
    return {"scale": 255, "channelsLast": True, "x": rounded(x), "y": rounded(t @ fc + c)}


def save(name, nodes, initializers, shape, classes):
    graph = helper.make_graph(
        nodes,
        "tf2onnx",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [shape[0], classes])],
        initializers,
    )
    model = helper.make_model(graph, producer_name="tf2onnx style", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(FOLDER / f"{name}.onnx"))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    expected = {f"torch_{name}": export(name, *rest) for name, *rest in TORCH}
    expected["keras_like"] = keras_like("keras_like", (11, 9), 3, False)
    expected["keras_like_grey"] = keras_like("keras_like_grey", (12, 10), 1, True)
    expected["keras_rescaling"] = keras_rescaling("keras_rescaling")
    (FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
