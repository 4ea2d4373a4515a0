"""How fast PyTorch trains the built-in networks, for bench/versus-pytorch.mjs; also runs alone.

    OPENBLAS_NUM_THREADS=1 OMP_PROC_BIND=true python3 bench/pytorch.py lenet5 --seconds 5

Prints one line of JSON: the seconds that 60,000 images take, measured several times, and the loss at the start and at the
end, which must have fallen. The images are MNIST's if UNRAVEL_DATA names the folder that holds mnist/, else made up.
"""

import argparse
import gzip
import json
import os
import sys
import time

import numpy as np
import torch
from torch import nn

MODELS = {
    "one-conv": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 13 * 13, 10)
    ),
    "lenet5": lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ),
    "convnet": lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10),
    ),
}
COUNT = 60_000
MOST_EXTRA_RUNS = 40


def idx(folder, name, header):
    for path in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
        if os.path.exists(path):
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                return np.frombuffer(file.read(), np.uint8, offset=header)
    sys.exit(f"{name} is not in {folder}")


def data():
    """Images as float32 in [0, 1] and labels. Made up: ten patterns under noise, which a network learns."""
    if "UNRAVEL_DATA" in os.environ:
        folder = os.path.join(os.environ["UNRAVEL_DATA"], "mnist")
        images = idx(folder, "train-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)
        labels = idx(folder, "train-labels-idx1-ubyte", 8)
    else:
        random = np.random.default_rng(0)
        labels = random.integers(0, 10, COUNT).astype(np.uint8)
        patterns = random.integers(0, 200, (10, 1, 28, 28), np.uint8)
        images = patterns[labels] + random.integers(0, 56, (COUNT, 1, 28, 28), np.uint8)
    return torch.from_numpy(images.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--layout", choices=["contiguous", "channels_last"], default="contiguous")
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    size = options.batch_size or (128 if options.model == "convnet" else 64)

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    model = MODELS[options.model]().to(memory_format=layout)
    loss_of = nn.CrossEntropyLoss()
    if options.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    images, labels = data()
    images = images.contiguous(memory_format=layout)
    order = torch.randperm(len(labels))
    first = 0

    def train(steps):
        """Seconds for 60,000 images, and the mean loss."""
        nonlocal first
        total = torch.zeros(())
        start = time.perf_counter()
        for _ in range(steps):
            if first + size > len(order):
                first = 0
            chosen = order[first : first + size]
            first += size
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(model(images[chosen]), labels[chosen])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return (time.perf_counter() - start) * COUNT / (steps * size), float(total) / steps

    _, before = train(1)
    steps, end, seconds = 2, time.perf_counter() + options.seconds / 4, 0.0
    while time.perf_counter() < end:  # warm up
        seconds, _ = train(steps)
        steps *= 2
    steps = max(1, round(options.seconds / options.repetitions * COUNT / seconds / size))
    runs = [train(steps) for _ in range(options.repetitions)]
    # no longer timed: on until the loss has clearly fallen
    after = runs[-1][1]
    for _ in range(MOST_EXTRA_RUNS):
        if after < 0.9 * before:
            break
        _, after = train(25)
    else:
        sys.exit(f"The loss went from {before} to {after}: it should have fallen.")
    print(json.dumps({
        "secondsPerEpoch": [run[0] for run in runs],
        "steps": steps * options.repetitions,
        "lossBefore": before,
        "lossAfter": after,
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
    }))


main()
