"""PyTorch without a graphics card, for bench/peers/run.mjs; also runs alone:

    UNRAVEL_DATA=... OPENBLAS_NUM_THREADS=1 OMP_PROC_BIND=true python3 bench/peers/pytorch.py --model lenet5 --batch-size 64
"""

import json
import os
import struct
import time

import numpy as np
import torch
from torch import nn

from measuring import images_and_labels, measure, options_of

MODELS = {
    "one-conv": lambda filters: nn.Sequential(
        nn.Conv2d(1, filters, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(filters * 13 * 13, 10)
    ),
    "lenet5": lambda _: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    ),
    "convnet": lambda _: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10),
    ),
}
MOST_PREDICTED = 1024  # predicting goes round among so many
PRINTED = 16  # of so many images the probabilities are printed


def own_options(parser):
    parser.add_argument("--model", choices=MODELS, default="one-conv")
    parser.add_argument("--mode", choices=["train", "predict"], default="train")
    parser.add_argument("--layout", choices=["contiguous", "channels_last"], default="contiguous")
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--weights", help="a .safetensors file to start from")


def load_weights(model, path):
    """Both have weights and biases in the same order and layout: a header of names and places, then float32."""
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__", None)
    names = sorted(header, key=lambda name: (name.split(".")[0], name.endswith("bias")))
    with torch.no_grad():
        for own, name in zip(model.parameters(), names, strict=True):
            start, end = header[name]["data_offsets"]
            values = np.frombuffer(content[8 + size + start : 8 + size + end], np.float32)
            own.copy_(torch.from_numpy(values.reshape(own.shape).copy()))


def predict(model, images, size, seconds, repetitions):
    """Prints how long a batch takes, and the first probabilities."""
    batches = max(1, len(images) // size)
    call = 0

    def run(calls):
        """Seconds of a call."""
        nonlocal call
        start = time.perf_counter()
        for _ in range(calls):
            first = call % batches * size
            model(images[first : first + size])
            call += 1
        return (time.perf_counter() - start) / calls

    with torch.inference_mode():
        probabilities = torch.softmax(model(images[: min(size, PRINTED)]), 1)
        per_call, calls, end = run(1), 1, time.perf_counter() + seconds / 4
        while time.perf_counter() < end:  # warm up
            per_call = run(calls)
            calls *= 2
        calls = max(1, round(seconds / repetitions / per_call))
        runs = [run(calls) for _ in range(repetitions)]
    print(json.dumps({
        "system": "PyTorch",
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "imagesPerSecond": [size / run for run in runs],
        "milliseconds": [1000 * run for run in runs],
        "images": calls * size * repetitions,
        "probabilities": [round(value, 6) for value in probabilities.flatten().tolist()],
    }))


def main():
    options = options_of(__doc__, own_options)
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    model = MODELS[options.model](options.filters)
    if options.weights:
        load_weights(model, options.weights)
    model = model.to(memory_format=layout)
    most = MOST_PREDICTED if options.mode == "predict" else options.images
    pixels, digits = images_and_labels(min(options.images, most))
    images = torch.from_numpy(pixels.astype(np.float32)[:, None] / 255).contiguous(memory_format=layout)
    if options.mode == "predict":
        return predict(model, images, options.batch_size, options.seconds, options.repetitions)

    labels = torch.from_numpy(digits)
    loss_of = nn.CrossEntropyLoss()
    if options.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=options.rate)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=options.rate, momentum=options.momentum)

    def train_batch(chosen):
        chosen = torch.from_numpy(chosen)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(images[chosen]), labels[chosen])
        loss.backward()
        optimizer.step()
        return loss.detach()

    threads = torch.get_num_threads()
    measure("PyTorch", options, train_batch, len(labels), version=torch.__version__, threads=threads)


main()
