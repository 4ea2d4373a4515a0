"""A convolutional network as a beginner writes it in NumPy, with mistakes that can be switched on:
python3 make_mistakes.py

Writes mistakes-NETWORK.npz: the arrays of the network without a mistake, and for each mistake those that it changes.
All stand one after the other in "numbers"; "index" is JSON that says [mistake/number, array, dtype, shape] of each.
Made with NumPy 1.24.2 and Python 3.11.2. --seed takes other random numbers, --out another folder.
"""
import argparse
import json
import os

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ACTIVE = None  # the mistake that is switched on: (name, number)


def wrong(name, number=0):
    return ACTIVE == (name, number)


# ---- layers ----------------------------------------------------------------------------------------------------------


def conv_forward(x, w, b, stride, pad):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    mode = "edge" if wrong("padding-not-zero") else "constant"
    if wrong("padding-off") and pad:
        xp = np.pad(x, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    elif wrong("padding-off", 1) and pad:
        xp = np.pad(x, ((0, 0), (0, 0), (2 * pad, 0), (2 * pad, 0)))
    else:
        xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode=mode)
    I, J = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    y = np.zeros((N, F, I, J), x.dtype)
    step = 1 if wrong("stride-off") else stride
    rows = range(I - 1) if wrong("last-row-left-out") else range(I)
    columns = range(J - 1) if wrong("last-row-left-out") else range(J)
    for n in range(N):
        for f in range(F):
            for i in rows:
                for j in columns:
                    m = 0 if wrong("same-image-for-all") else n
                    patch = xp[m, :, i * step : i * step + kh, j * step : j * step + kw]
                    k = w[0] if wrong("same-filter-for-all") else w[f]
                    if wrong("kernel-flipped-forward"):
                        k = k[:, ::-1, ::-1]
                    if wrong("kernel-transposed"):
                        k = k.transpose(0, 2, 1)
                    if wrong("window-averaged"):
                        y[n, f, i, j] = np.mean(patch * k)
                    elif wrong("channels-overwritten"):
                        for c in range(C):
                            y[n, f, i, j] = np.sum(patch[c] * k[c])
                    elif wrong("products-overwritten"):
                        for c in range(C):
                            for u in range(kh):
                                for v in range(kw):
                                    y[n, f, i, j] = patch[c, u, v] * k[c, u, v]
                    else:
                        y[n, f, i, j] = np.sum(patch * k)
                    if b is not None and not wrong("bias-left-out"):
                        times = kh * kw if wrong("bias-added-repeatedly") else 1
                        y[n, f, i, j] += times * (b[0] if wrong("bias-of-wrong-output") else b[f])
    return y


def conv_backward(x, w, b, dy, stride, pad):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    I, J = dy.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    wb = w[:, :, ::-1, ::-1] if wrong("kernel-not-flipped-backward") else w
    rows = range(I - 1) if wrong("last-row-left-out", 1) else range(I)
    for n in range(N):
        if wrong("batch-overwritten"):
            dw = np.zeros_like(w)
        for f in range(F):
            if wrong("filters-overwritten"):
                dxp[n] = 0
            for i in rows:
                for j in range(J):
                    at = np.s_[n, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                    g = dy[n, f, i, j]
                    if wrong("positions-overwritten"):
                        dw[f] = xp[at] * g
                    else:
                        dw[f] += xp[at] * g
                    if wrong("windows-overwritten"):
                        dxp[at] = wb[f] * g
                    else:
                        dxp[at] += wb[f] * g
    if wrong("kernel-gradient-flipped"):
        dw = dw[:, :, ::-1, ::-1]
    if wrong("positions-averaged"):
        dw /= I * J
    if wrong("filters-averaged"):
        dxp /= F
    if wrong("kernel-transposed", 1):
        dw = dw.transpose(0, 1, 3, 2)
    if wrong("channels-mixed"):
        dw = np.repeat(dw.sum(axis=1, keepdims=True), C, axis=1)
    db = None
    if b is not None:
        db = dy.sum(axis=(0, 2, 3))
        if wrong("bias-gradient-mean"):
            db = dy.mean(axis=(0, 2, 3))
        if wrong("bias-gradient-of-all"):
            db = np.full_like(db, dy.sum())
        if wrong("bias-gradient-wrong-axis"):
            db = dy.sum(axis=(1, 2, 3))
        if wrong("batch-overwritten", 1):
            db = dy[-1].sum(axis=(1, 2))
    if wrong("gradient-left-out") and db is not None:
        db = np.zeros_like(db)
    if pad == 0:
        return dxp, dw, db
    if wrong("padding-off", 2):
        return dxp[:, :, : -2 * pad, : -2 * pad], dw, db
    return dxp[:, :, pad:-pad, pad:-pad], dw, db


def relu_forward(x):
    if wrong("relu-leaky"):
        return np.where(x > 0, x, 0.01 * x).astype(x.dtype)
    if wrong("relu-left-out"):
        return x.copy()
    if wrong("other-activation"):
        return (1 / (1 + np.exp(-x))).astype(x.dtype)
    if wrong("other-activation", 1):
        return np.abs(x)
    if wrong("relu-in-place"):
        x[x < 0] = 0
        return x
    return np.maximum(0, x)


def relu_backward(x, dy, other):
    mask = x > 0
    if wrong("relu-mask-left-out"):
        return dy.copy()
    if wrong("relu-mask-of-gradient"):
        mask = dy > 0
    if wrong("relu-mask-inverted"):
        mask = x <= 0
    if wrong("relu-mask-of-wrong-tensor") and other is not None:
        mask = other > 0
    if wrong("relu-gradient-leaky"):
        return dy * np.where(mask, 1, 0.1).astype(dy.dtype)
    if wrong("relu-value-for-mask"):
        return dy * np.maximum(0, x)
    if wrong("relu-gradient-not-multiplied"):
        return mask.astype(dy.dtype)
    if wrong("relu-gradient-in-place"):
        dy *= mask
        return dy
    return dy * mask


def pool_forward(x, size, stride):
    N, C, H, W = x.shape
    I, J = (H - size) // stride + 1, (W - size) // stride + 1
    y = np.zeros((N, C, I, J), x.dtype)
    step = 1 if wrong("pool-stride-off") else stride
    for n in range(N):
        for c in range(C):
            for i in range(I):
                for j in range(J):
                    window = x[n, c, i * step : i * step + size, j * step : j * step + size]
                    if wrong("average-for-max"):
                        y[n, c, i, j] = window.mean()
                    elif wrong("pool-takes-one-cell"):
                        y[n, c, i, j] = window[0, 0]
                    elif wrong("other-value-for-max"):
                        y[n, c, i, j] = window.min()
                    else:
                        y[n, c, i, j] = window.max()
    return y


def pool_backward(x, dy, size, stride):
    N, C, I, J = dy.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(I):
                for j in range(J):
                    at = np.s_[n, c, i * stride : i * stride + size, j * stride : j * stride + size]
                    window, g = x[at], dy[n, c, i, j]
                    u, v = np.unravel_index(np.argmax(window), window.shape)
                    if wrong("pool-gradient-to-wrong-window"):
                        u, v = v, u
                    if wrong("pool-gradient-to-wrong-window", 1):
                        first = x[0, c, i * stride : i * stride + size, j * stride : j * stride + size]
                        u, v = np.unravel_index(np.argmax(first), first.shape)
                    if wrong("pool-gradient-to-all"):
                        dx[at] += g
                    elif wrong("pool-gradient-to-all-ties"):
                        dx[at] += g * (window == window.max())
                    elif wrong("pool-gradient-to-first-cell"):
                        dx[n, c, i * stride, j * stride] += g
                    elif wrong("pool-gradient-spread-evenly"):
                        dx[at] += g / size**2
                    elif wrong("pool-windows-overwritten"):
                        dx[n, c, i * stride + u, j * stride + v] = g
                    elif wrong("pool-gradient-times-value"):
                        dx[n, c, i * stride + u, j * stride + v] += g * window[u, v]
                    else:
                        dx[n, c, i * stride + u, j * stride + v] += g
    return dx


def dense_forward(x, w, b):
    N = x.shape[0]
    wt = w.reshape(w.shape[1], w.shape[0]) if wrong("weight-transposed") else w.T
    y = x @ wt
    if wrong("inputs-overwritten"):
        y = x[:, -1:] * w.T[-1]
    if wrong("inputs-averaged"):
        y = y / x.shape[1]
    if wrong("same-image-for-all", 1):
        y = np.repeat(y[:1], N, axis=0)
    if b is not None and not wrong("bias-left-out", 1):
        y = y + b
    return y.astype(x.dtype)


def dense_backward(x, w, b, dy, lr, before):
    N = x.shape[0]
    if wrong("batch-overwritten", 2):
        dw = np.outer(dy[-1], x[-1])
    elif wrong("batch-overwritten", 3):
        dw = np.outer(dy[0], x[0])
    elif wrong("product-of-sums"):
        dw = np.outer(dy.sum(axis=0), x.sum(axis=0))
    elif wrong("gradient-from-wrong-input") and before is not None:
        dw = dy.T @ before
    else:
        dw = dy.T @ x
    if wrong("gradient-transposed"):
        dw = dw.T
    db = None
    if b is not None:
        db = dy.sum(axis=0)
        if wrong("bias-gradient-mean", 1):
            db = dy.mean(axis=0)
        if wrong("bias-gradient-wrong-axis", 1):
            db = dy.sum(axis=1)
        if wrong("gradient-left-out", 1):
            db = np.zeros_like(db)
    used = w - lr * dw if wrong("weights-updated-early") else w
    dx = dy @ used
    if wrong("weight-transposed", 1):
        dx = dy @ w.reshape(w.shape[1], w.shape[0]).T
    if wrong("units-overwritten"):
        dx = dy[:, -1:] * w[-1]
    if wrong("batch-mean-left-out", 1):
        dw = dw * N
    if wrong("batch-mean-twice", 1):
        dw = dw / N
        db = None if db is None else db / N
    return dx.astype(x.dtype), dw.astype(x.dtype), None if db is None else db.astype(x.dtype)


def softmax(z):
    if wrong("softmax-overflow"):
        with np.errstate(all="ignore"):
            e = np.exp(z)
            return e / e.sum(axis=1, keepdims=True)
    if wrong("softmax-wrong-axis"):
        e = np.exp(z - z.max(axis=0, keepdims=True))
        return e / e.sum(axis=0, keepdims=True)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    if wrong("softmax-wrong-axis", 1):
        e = np.exp(z - z.max())
        return e / e.sum()
    if wrong("softmax-not-normalised"):
        return np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    if wrong("softmax-twice"):
        e = np.exp(p)
        p = e / e.sum(axis=1, keepdims=True)
    if wrong("other-function-for-softmax"):
        return 1 / (1 + np.exp(-z))
    return p


def cross_entropy(p, y):
    N, K = p.shape
    if wrong("labels-off-by-one") or wrong("labels-off-by-one", 1):
        y = (y + (1 if wrong("labels-off-by-one") else -1)) % K
    right = p[np.arange(N), y]
    if wrong("loss-log2"):
        return -np.log2(right).mean()
    if wrong("loss-log10"):
        return -np.log10(right).mean()
    if wrong("loss-summed"):
        return -np.log(right).sum()
    if wrong("loss-sign"):
        return np.log(right).mean()
    if wrong("loss-averaged-twice"):
        return -np.log(right).mean() / N
    if wrong("loss-of-one-image"):
        for n in range(N):
            loss = -np.log(p[n, y[n]]) / N
        return loss
    if wrong("other-loss"):
        return ((p - np.eye(K)[y]) ** 2).sum() / N
    return -np.log(right).mean()


def score_gradient(p, z, y):
    N, K = p.shape
    if wrong("labels-off-by-one") or wrong("labels-off-by-one", 1):
        y = (y + (1 if wrong("labels-off-by-one") else -1)) % K
    onehot = np.eye(K, dtype=p.dtype)[y]
    if wrong("probabilities-in-place"):
        p[np.arange(N), y] -= 1
        p /= N
        return p
    dz = (p - onehot) / N
    if wrong("gradient-without-labels"):
        dz = p / N
    if wrong("gradient-for-right-class-only"):
        dz = (p - onehot) * onehot / N
    if wrong("softmax-gradient-twice"):
        dz = (p - onehot) * p * (1 - p) / N
    if wrong("scores-for-probabilities"):
        dz = (z - onehot) / N
    if wrong("gradient-of-other-loss"):
        g = 2 * (p - onehot) / N
        dz = p * (g - (p * g).sum(axis=1, keepdims=True))
    if wrong("batch-mean-left-out"):
        dz = p - onehot
    if wrong("batch-mean-twice"):
        dz = (p - onehot) / N / N
    if wrong("gradient-sign"):
        dz = (onehot - p) / N
    if wrong("gradient-scaled"):
        dz = (p - onehot) / N / K
    return dz.astype(p.dtype)


# ---- networks --------------------------------------------------------------------------------------------------------

NETWORKS = {
    # one convolution, as in the first course
    "one": dict(
        images=3, shape=(1, 6, 6), dtype="float64",
        layers=[("conv", 2, 3, 1, 0, True), ("relu",), ("pool", 2, 2), ("flatten",), ("fc", 4, True)],
    ),
    # two convolutions with padding and strides, and two dense layers; no bias in some
    "two": dict(
        images=3, shape=(2, 4, 4), dtype="float32",
        layers=[
            ("conv", 2, 3, 1, 1, True), ("relu",), ("conv", 2, 3, 2, 1, False), ("relu",), ("flatten",),
            ("fc", 5, False), ("relu",), ("fc", 5, True),
        ],
    ),
    # a pool whose windows overlap, two channels, one image
    "single": dict(
        images=1, shape=(2, 6, 6), dtype="float32",
        layers=[("conv", 2, 3, 1, 1, True), ("relu",), ("pool", 3, 2), ("flatten",), ("fc", 5, True)],
    ),
}


def run(network, seed):
    """All arrays of one step under the contract's names."""
    random = np.random.default_rng(seed)
    dtype, N, layers = network["dtype"], network["images"], network["layers"]
    x = random.uniform(0, 1, (N,) + network["shape"]).astype(dtype)
    parameters, names, counts, shape = {}, [], {}, network["shape"]
    for kind, *options in layers:
        counts[kind] = counts.get(kind, 0) + 1
        name = f"{kind}{counts[kind]}"
        names.append(name)
        if kind == "conv":
            filters, size, stride, pad, bias = options
            parameters[name + ".weight"] = random.normal(0, 0.5, (filters, shape[0], size, size)).astype(dtype)
            shape = (filters,) + tuple((s + 2 * pad - size) // stride + 1 for s in shape[1:])
        if kind == "pool":
            shape = (shape[0],) + tuple((s - options[0]) // options[1] + 1 for s in shape[1:])
        if kind == "flatten":
            shape = (int(np.prod(shape)),)
        if kind == "fc":
            units, bias = options
            scale = 400 if ACTIVE and ACTIVE[0] == "softmax-overflow" else 0.5
            scale = scale * 5 if scale == 400 and dtype == "float64" else scale
            parameters[name + ".weight"] = random.normal(0, scale, (units, shape[0])).astype(dtype)
            shape = (units,)
        if kind in ("conv", "fc") and bias:
            parameters[name + ".bias"] = random.normal(0, 0.5, shape[:1]).astype(dtype)
    y = random.integers(0, shape[0], N)
    lr = 0.1
    out = {"x": x.copy(), "y": y, "lr": np.array(lr)}
    out.update({name: value.copy() for name, value in parameters.items()})

    current, inputs, flat = x, {}, None
    for name, (kind, *options) in zip(names, layers):
        inputs[name] = current
        w, b = parameters.get(name + ".weight"), parameters.get(name + ".bias")
        if kind == "conv":
            current = conv_forward(current, w, b, options[2], options[3])
        elif kind == "relu":
            current = relu_forward(current)
        elif kind == "pool":
            current = pool_forward(current, *options)
        elif kind == "flatten":
            flat = current.reshape(-1, N).T if wrong("flatten-mixes-images") else current.reshape(N, -1)
            current = flat.copy()
        else:
            current = dense_forward(current, w, b)
        out[name + ".out"] = current
    z = current
    p = softmax(z)
    out["probs"] = p
    out["loss"] = np.array(cross_entropy(p, y))
    g = score_gradient(p, z, y)
    gradients = {}
    for name, (kind, *options) in reversed(list(zip(names, layers))):
        out[f"grad.{name}.out"] = g
        x_in, w, b = inputs[name], parameters.get(name + ".weight"), parameters.get(name + ".bias")
        if kind == "conv":
            g, dw, db = conv_backward(x_in, w, b, g, options[2], options[3])
        elif kind == "relu":
            index = names.index(name)
            later = [inputs[n] for n in names[index + 1 :] if inputs[n].shape == x_in.shape and n.startswith("relu")]
            earlier = [inputs[n] for n in names[:index] if inputs[n].shape == x_in.shape and n.startswith("relu")]
            g = relu_backward(x_in, g, (later + earlier + [None])[0])
        elif kind == "pool":
            g = pool_backward(x_in, g, *options)
        elif kind == "flatten":
            order = "F" if wrong("unflatten-order") else "C"
            if wrong("unflatten-order", 1):
                N_, C_, H_, W_ = x_in.shape
                g = g.reshape(N_, H_, W_, C_).transpose(0, 3, 1, 2)
            else:
                g = g.reshape(x_in.shape, order=order)
        else:
            index = names.index(name)
            before = inputs[names[index - 1]] if names[index - 1].startswith("relu") else None
            g, dw, db = dense_backward(x_in, w, b, g, lr, before)
        if kind in ("conv", "fc"):
            gradients[name + ".weight"] = dw
            if b is not None:
                gradients[name + ".bias"] = db
    out["grad.x"] = g
    for name, dw in gradients.items():
        out["grad." + name] = np.ascontiguousarray(dw)
        w = parameters[name]
        if dw.shape != w.shape:
            continue
        if wrong("gradient-added"):
            new = w + lr * dw
        elif wrong("learning-rate-twice"):
            new = w - lr * lr * dw
        elif wrong("learning-rate-left-out"):
            new = w - dw
        elif wrong("update-left-out"):
            new = w
        elif wrong("update-left-out", 1) and name.endswith("bias"):
            new = w
        elif wrong("update-replaces"):
            new = -lr * dw
        else:
            new = w - lr * dw
        out["new." + name] = new.astype(w.dtype)
    if wrong("saved-after-update"):
        for name in gradients:
            if "new." + name in out:
                out[name] = out["new." + name].copy()
    return {name: np.array(value) for name, value in out.items()}


CASES = """
bias-left-out 2; bias-added-repeatedly; bias-of-wrong-output; kernel-flipped-forward; kernel-transposed 2;
channels-overwritten; products-overwritten; window-averaged; same-filter-for-all; stride-off; padding-off 3;
padding-not-zero; last-row-left-out 2; weight-transposed 2; inputs-overwritten; inputs-averaged; relu-left-out;
relu-leaky; other-activation 2; relu-in-place; average-for-max; pool-takes-one-cell; pool-stride-off;
other-value-for-max; flatten-mixes-images; same-image-for-all 2; softmax-wrong-axis 2; softmax-overflow;
softmax-not-normalised; softmax-twice; other-function-for-softmax; probabilities-in-place; loss-log2; loss-log10;
loss-summed; loss-sign; loss-averaged-twice; loss-of-one-image; labels-off-by-one 2; other-loss;
gradient-without-labels; gradient-for-right-class-only; softmax-gradient-twice; scores-for-probabilities;
bias-gradient-mean 2; batch-mean-left-out 2; batch-mean-twice 2; gradient-sign; relu-mask-left-out;
relu-mask-of-gradient; relu-mask-inverted; relu-gradient-leaky; relu-value-for-mask; relu-gradient-not-multiplied;
relu-gradient-in-place; relu-mask-of-wrong-tensor; pool-gradient-to-all-ties; pool-gradient-to-all;
pool-gradient-spread-evenly; pool-gradient-to-first-cell; pool-windows-overwritten; pool-gradient-to-wrong-window 2;
pool-gradient-times-value; unflatten-order 2; kernel-not-flipped-backward; kernel-gradient-flipped;
windows-overwritten; filters-overwritten; filters-averaged; channels-mixed; batch-overwritten 4;
positions-overwritten; positions-averaged; units-overwritten; product-of-sums; gradient-transposed;
weights-updated-early; gradient-from-wrong-input; bias-gradient-of-all; bias-gradient-wrong-axis 2;
gradient-left-out 2; gradient-of-other-loss; gradient-scaled; saved-after-update; gradient-added;
learning-rate-twice; learning-rate-left-out; update-left-out 2; update-replaces
"""


def cases():
    for entry in CASES.replace("\n", " ").split(";"):
        name, *count = entry.split()
        for number in range(int(count[0]) if count else 1):
            yield name, number


def same(a, b):
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=True)


def main():
    global ACTIVE
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default=HERE)
    options = parser.parse_args()
    for name, network in NETWORKS.items():
        ACTIVE = None
        right = run(network, options.seed)
        index, pool = [], [[np.zeros(0)]]
        add = lambda mistake, key, value: (
            index.append([mistake, key, value.dtype.name, list(value.shape)]),
            pool.append([value.ravel().astype(np.float64)]),
        )
        for key, value in right.items():
            add("right", key, value)
        for mistake in cases():
            ACTIVE = mistake
            for key, value in run(network, options.seed).items():
                if not same(value, right[key]):
                    add(f"{mistake[0]}/{mistake[1]}", key, value)
        numbers = np.concatenate([value for [value] in pool])
        text = np.frombuffer(json.dumps(index).encode(), np.uint8)
        kept = numbers.astype(network["dtype"])
        np.savez_compressed(os.path.join(options.out, f"mistakes-{name}.npz"), index=text, numbers=kept)


if __name__ == "__main__":
    main()
