"""What the Python programs of bench/peers share: options, images, timing, and the check that they learn.

A program is started as a process with --filters, --images, --batch-size and --seconds, and prints one line of JSON.
"""

import argparse
import gzip
import json
import os
import sys
import time

import numpy as np

EPOCH = 60_000
CHECKED_IMAGES = 100  # the mean loss of so many, at the beginning and at the end, is compared
MOST_EXTRA_RUNS = 40


def options_of(description, more=None):
    """`more` adds a program's own options to the parser."""
    parser = argparse.ArgumentParser(description=description)
    if more:
        more(parser)
    parser.add_argument("--filters", type=int, default=1)
    parser.add_argument("--images", type=int, default=EPOCH, help="how many to train on, again and again")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10, help="of measuring, about")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    for name in ("filters", "images", "batch_size", "repetitions"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    return options


def images_and_labels(count):
    """Bytes [count, 28, 28] and labels [count]: MNIST's first images if UNRAVEL_DATA names the folder that holds mnist/.
    Else made up: ten patterns under noise, which a network learns."""
    if "UNRAVEL_DATA" in os.environ:
        folder = os.path.join(os.environ["UNRAVEL_DATA"], "mnist")
        images = idx(folder, "train-images-idx3-ubyte", 16).reshape(-1, 28, 28)
        labels = idx(folder, "train-labels-idx1-ubyte", 8)
    else:
        random = np.random.default_rng(0)
        labels = random.integers(0, 10, EPOCH).astype(np.uint8)
        patterns = random.integers(0, 200, (10, 28, 28), np.uint8)
        images = patterns[labels] + random.integers(0, 56, (EPOCH, 28, 28), np.uint8)
    return images[:count], labels[:count].astype(np.int64)


def idx(folder, name, header):
    for path in (os.path.join(folder, name), os.path.join(folder, name + ".gz")):
        if os.path.exists(path):
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                return np.frombuffer(file.read(), np.uint8, offset=header)
    sys.exit(f"{name} is not in {folder}")


def measure(system, options, train_batch, count, version=np.__version__, **more):
    """Times training and prints the line. train_batch(indices) trains on the images with these numbers and returns their mean
    loss. What else is known about the system, `more`, goes into the line."""
    size = min(options.batch_size, count)
    checked = -(-CHECKED_IMAGES // size)
    order = np.random.default_rng(0).permutation(count)
    first = 0

    def run(steps):
        """Seconds for 60,000 images, and the mean loss."""
        nonlocal first
        total = 0.0
        start = time.perf_counter()
        for _ in range(steps):
            if first + size > count:
                first = 0
            total += float(train_batch(order[first : first + size]))
            first += size
        return (time.perf_counter() - start) * EPOCH / (steps * size), total / steps

    seconds, before = run(checked)
    steps, end = 1, time.perf_counter() + options.seconds / 4
    while time.perf_counter() < end:  # warm up
        seconds, _ = run(steps)
        steps *= 2
    steps = max(1, round(options.seconds / options.repetitions * EPOCH / seconds / size))
    runs, end = [], time.perf_counter() + 1.5 * options.seconds
    while not runs or (len(runs) < options.repetitions and time.perf_counter() < end):
        runs.append(run(steps))
    # no longer timed: on until the loss has clearly fallen
    for _ in range(MOST_EXTRA_RUNS):
        _, after = run(checked)
        if after < 0.9 * before:
            break
    else:
        sys.exit(f"The loss went from {before} to {after}: it should have fallen.")
    print(json.dumps({
        "system": system,
        "version": version,
        **more,
        "secondsPerEpoch": [run[0] for run in runs],  # what was timed, scaled up to 60,000 images
        "images": steps * size * len(runs),  # that were timed, all runs together
        "lossBefore": before,
        "lossAfter": after,
    }))
