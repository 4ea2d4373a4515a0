"""one-conv as a beginner writes it in NumPy: loops over images, filters and places, and a small NumPy call in each.

    python3 bench/peers/numpy_loops.py --filters 1 --batch-size 1 --seconds 10

Convolution 3x3, ReLU, max-pool 2x2, dense, softmax, cross-entropy, SGD, all backward passes by hand, in float64, as NumPy
has it by default. It trains on as many images as --seconds allows and scales the time up to 60,000.
"""

import numpy as np

from measuring import images_and_labels, measure, options_of

LEARNING_RATE = 0.01


class Conv:
    def __init__(self, filters, random):
        self.weight = random.standard_normal((filters, 3, 3)) * np.sqrt(2 / 9)
        self.bias = np.zeros(filters)
        self.zero_gradients()

    def zero_gradients(self):
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, image):
        """image [H, W] -> [filters, H - 2, W - 2]"""
        self.image = image
        height, width = image.shape[0] - 2, image.shape[1] - 2
        out = np.zeros((len(self.weight), height, width))
        for f in range(len(self.weight)):
            for i in range(height):
                for j in range(width):
                    out[f, i, j] = np.sum(image[i : i + 3, j : j + 3] * self.weight[f]) + self.bias[f]
        return out

    def backward(self, grad_out):
        filters, height, width = grad_out.shape
        for f in range(filters):
            for i in range(height):
                for j in range(width):
                    self.grad_weight[f] += grad_out[f, i, j] * self.image[i : i + 3, j : j + 3]
                    self.grad_bias[f] += grad_out[f, i, j]


def relu(x):
    return np.maximum(x, 0)


def relu_backward(grad_out, x):
    return grad_out * (x > 0)


def max_pool(x):
    """x [filters, H, W] -> [filters, H / 2, W / 2]"""
    filters, height, width = x.shape
    out = np.zeros((filters, height // 2, width // 2))
    for f in range(filters):
        for i in range(height // 2):
            for j in range(width // 2):
                out[f, i, j] = np.max(x[f, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return out


def max_pool_backward(grad_out, x):
    """Each gradient goes to the cell that was the largest."""
    grad_x = np.zeros_like(x)
    filters, height, width = grad_out.shape
    for f in range(filters):
        for i in range(height):
            for j in range(width):
                window = x[f, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                row, column = np.unravel_index(np.argmax(window), window.shape)
                grad_x[f, 2 * i + row, 2 * j + column] += grad_out[f, i, j]
    return grad_x


class Dense:
    def __init__(self, inputs, outputs, random):
        self.weight = random.standard_normal((outputs, inputs)) * np.sqrt(2 / inputs)
        self.bias = np.zeros(outputs)
        self.zero_gradients()

    def zero_gradients(self):
        self.grad_weight = np.zeros_like(self.weight)
        self.grad_bias = np.zeros_like(self.bias)

    def forward(self, x):
        self.x = x
        return self.weight @ x + self.bias

    def backward(self, grad_out):
        self.grad_weight += np.outer(grad_out, self.x)
        self.grad_bias += grad_out
        return self.weight.T @ grad_out


def softmax(scores):
    powers = np.exp(scores - np.max(scores))
    return powers / np.sum(powers)


def main():
    options = options_of(__doc__)
    images, labels = images_and_labels(options.images)
    random = np.random.default_rng(0)
    conv = Conv(options.filters, random)
    dense = Dense(options.filters * 13 * 13, 10, random)

    def train_image(image, label, batch_size):
        """Forward and backward; the gradients are added up. Returns the loss."""
        convolved = conv.forward(image)
        opened = relu(convolved)
        pooled = max_pool(opened)
        probs = softmax(dense.forward(pooled.flatten()))
        grad_scores = probs.copy()
        grad_scores[label] -= 1
        grad_pooled = dense.backward(grad_scores / batch_size).reshape(pooled.shape)
        grad_opened = max_pool_backward(grad_pooled, opened)
        conv.backward(relu_backward(grad_opened, convolved))
        return -np.log(probs[label])

    def train_batch(chosen):
        conv.zero_gradients()
        dense.zero_gradients()
        loss = 0
        for n in chosen:
            loss += train_image(images[n] / 255, labels[n], len(chosen)) / len(chosen)
        for layer in (conv, dense):
            layer.weight -= LEARNING_RATE * layer.grad_weight
            layer.bias -= LEARNING_RATE * layer.grad_bias
        return loss

    measure("NumPy, loops", options, train_batch, len(images))


if __name__ == "__main__":
    main()
