"""Two networks of bench/norms.mjs with PyTorch, in both layouts of memory; runs alone:

    OMP_PROC_BIND=true OPENBLAS_NUM_THREADS=1 python3 bench/peers/norms.py [--rounds 8]

Batches of 128 random images, SGD with momentum, all cores; medians of the rounds.
"""

import argparse
import os
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, BATCHES = 128, 10


class Block(nn.Module):
    """As unravel's resnet has them: a convolution 1x1 where the size changes."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.way = nn.Sequential(
            nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels),
        )
        self.skip = nn.Sequential()
        if stride > 1:
            self.skip = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return F.relu(self.way(x) + self.skip(x))


NETWORKS = {
    "convnet, a norm after each convolution": ((1, 28, 28), lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.BatchNorm2d(64), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    )),
    "resnet": ((3, 32, 32), lambda: nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )),
}


def epoch(model, optimizer, images, labels, layout):
    """Images a second."""
    start = time.perf_counter()
    for first in range(0, len(images), BATCH):
        batch = images[first : first + BATCH].contiguous(memory_format=layout)
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(batch), labels[first : first + BATCH]).backward()
        optimizer.step()
    return len(images) / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(os.cpu_count())
    for name, (shape, make) in NETWORKS.items():
        for layout in (torch.contiguous_format, torch.channels_last):
            model = make().to(memory_format=layout)
            optimizer = torch.optim.SGD(model.parameters(), 0.001, momentum=0.9)
            images = torch.rand(BATCH * BATCHES, *shape)
            labels = torch.randint(0, 10, (len(images),))
            speeds = [epoch(model, optimizer, images, labels, layout) for _ in range(rounds + 1)][1:]
            print(f"{name}, {str(layout).removeprefix('torch.')}: {statistics.median(speeds):.0f} images/s", flush=True)


main()
