"""Layers as Keras defines them, from first principles: loops over NHWC arrays in float64."""
import math

import numpy as np


def same_padding(size, kernel, stride, dilation=1):
    """TensorFlow's rule: the odd rest goes to the end."""
    reach = (kernel - 1) * dilation + 1
    total = max(0, (-(-size // stride) - 1) * stride + reach - size)
    return total // 2, total - total // 2


def pad(x, padding, kernel, stride, dilation, value):
    if padding == "valid":
        return x
    sides = [same_padding(x.shape[1 + d], kernel[d], stride[d], dilation[d]) for d in range(2)]
    return np.pad(x, [(0, 0), *sides, (0, 0)], constant_values=value)


def windows(x, kernel, stride, dilation=(1, 1)):
    """Calls for each output cell: its place, and the pixels [N, kh, kw, C] under the window."""
    reach = [(kernel[d] - 1) * dilation[d] + 1 for d in range(2)]
    rows, columns = [(x.shape[1 + d] - reach[d]) // stride[d] + 1 for d in range(2)]
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride[0], j * stride[1]
            yield (i, j, rows, columns), x[:, top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1], :]


def conv2d(x, kernel, bias=None, stride=(1, 1), padding="valid", dilation=(1, 1), groups=1):
    """kernel [kh, kw, in / groups, out]"""
    x = pad(x, padding, kernel.shape[:2], stride, dilation, 0)
    out = kernel.shape[3]
    share_in, share_out = kernel.shape[2], out // groups
    y = None
    for (i, j, rows, columns), under in windows(x, kernel.shape[:2], stride, dilation):
        if y is None:
            y = np.zeros((x.shape[0], rows, columns, out))
        for o in range(out):
            first = o // share_out * share_in
            y[:, i, j, o] = (under[..., first : first + share_in] * kernel[..., o]).sum((1, 2, 3))
    return y if bias is None else y + bias


def depthwise(x, kernel, bias=None, stride=(1, 1), padding="valid", dilation=(1, 1)):
    """kernel [kh, kw, channels, multiplier]; output channel c * multiplier + m"""
    x = pad(x, padding, kernel.shape[:2], stride, dilation, 0)
    channels, multiplier = kernel.shape[2:]
    y = None
    for (i, j, rows, columns), under in windows(x, kernel.shape[:2], stride, dilation):
        if y is None:
            y = np.zeros((x.shape[0], rows, columns, channels * multiplier))
        for c in range(channels):
            for m in range(multiplier):
                y[:, i, j, c * multiplier + m] = (under[..., c] * kernel[..., c, m]).sum((1, 2))
    return y if bias is None else y + bias


def pool(x, size, stride, padding, mean):
    """Of "same", what lies outside counts for nothing."""
    x = pad(x, padding, size, stride, (1, 1), np.nan)
    y = None
    for (i, j, rows, columns), under in windows(x, size, stride):
        if y is None:
            y = np.zeros((x.shape[0], rows, columns, x.shape[3]))
        y[:, i, j] = np.nanmean(under, (1, 2)) if mean else np.nanmax(under, (1, 2))
    return y


def batch_norm(x, gamma, beta, mean, variance, eps):
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def relu(x):
    return np.maximum(x, 0)


def leaky(x, slope):
    return np.where(x > 0, x, slope * x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def flatten(x):
    return x.reshape(x.shape[0], -1)


def zero_padding(x, sides):
    return np.pad(x, [(0, 0), *sides, (0, 0)])
