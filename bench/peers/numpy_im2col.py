"""one-conv in NumPy as somebody writes it who knows the trick: no loop over places. All 3x3 windows are laid out as the rows
of a matrix (im2col), and the convolution of the whole batch is one matrix product.

    python3 bench/peers/numpy_im2col.py --filters 1 --batch-size 1 --seconds 10

Convolution 3x3, ReLU, max-pool 2x2, dense, softmax, cross-entropy, SGD, all backward passes by hand, in float32. It trains
on as many images as --seconds allows and scales the time up to 60,000.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from measuring import images_and_labels, measure, options_of

LEARNING_RATE = 0.01


def he(random, shape, inputs):
    return (random.standard_normal(shape) * np.sqrt(2 / inputs)).astype(np.float32)


def im2col(x):
    """x [N, H, W] -> [N * (H - 2) * (W - 2), 9], each row one window"""
    return sliding_window_view(x, (3, 3), axis=(1, 2)).reshape(-1, 9)


def main():
    options = options_of(__doc__)
    filters = options.filters
    images, labels = images_and_labels(options.images)
    random = np.random.default_rng(0)
    conv_weight, conv_bias = he(random, (9, filters), 9), np.zeros(filters, np.float32)
    dense_weight = he(random, (13 * 13 * filters, 10), 13 * 13 * filters)
    dense_bias = np.zeros(10, np.float32)

    def train_batch(chosen):
        size = len(chosen)
        x = images[chosen].astype(np.float32) / 255
        label = labels[chosen]

        # forward: channels last, as the matrix product leaves them
        windows = im2col(x)
        convolved = windows @ conv_weight + conv_bias  # [N * 26 * 26, F]
        # the four cells of a pooling window side by side; the ReLU can come after the maximum: it changes no order
        quads = convolved.reshape(size, 13, 2, 13, 2, filters).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4)
        winner = quads.argmax(axis=1)
        largest = quads[np.arange(len(quads)), winner]
        pooled = np.maximum(largest, 0).reshape(size, -1)  # [N, 13 * 13 * F]
        scores = pooled @ dense_weight + dense_bias
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        probs = powers / powers.sum(axis=1, keepdims=True)
        rows = np.arange(size)
        loss = -np.log(probs[rows, label]).mean()

        # backward
        grad_scores = probs
        grad_scores[rows, label] -= 1
        grad_scores /= size
        grad_dense_weight = pooled.T @ grad_scores
        grad_largest = (grad_scores @ dense_weight.T).ravel() * (largest > 0)
        grad_quads = np.zeros_like(quads)
        grad_quads[np.arange(len(quads)), winner] = grad_largest
        grad_convolved = (
            grad_quads.reshape(size, 13, 13, filters, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(-1, filters)
        )

        conv_weight[...] -= LEARNING_RATE * (windows.T @ grad_convolved)
        conv_bias[...] -= LEARNING_RATE * grad_convolved.sum(axis=0)
        dense_weight[...] -= LEARNING_RATE * grad_dense_weight
        dense_bias[...] -= LEARNING_RATE * grad_scores.sum(axis=0)
        return loss

    measure("NumPy, im2col", options, train_batch, len(images))


if __name__ == "__main__":
    main()
