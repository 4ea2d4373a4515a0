"""The networks of bench/webgpu.mjs with PyTorch and CUDA, on made-up images that lie on the card; runs alone:

    python3 bench/peers/webgpu.py [--networks lenet5,resnet] [--batches 64,1024] [--images 59392] [--modes eager,graph] [--seconds 1]

SGD with momentum. `eager` as people write it; `graph`: the whole step as one CUDA graph; `compile`: torch.compile. Each without
TF32 and with it (`--tf32 off,on`). Milliseconds a step: the median of five rounds. Prints one JSON object for each line.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


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
    "one-conv": ((1, 28, 28), lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1352, 10),
    )),
    "lenet5": ((1, 28, 28), lambda: nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )),
    "convnet": ((1, 28, 28), lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    )),
    "resnet": ((3, 32, 32), lambda: nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )),
}


def measure(name, size, count, mode, tf32, seconds):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    shape, make = NETWORKS[name]
    torch.manual_seed(1)
    model = make().cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    images = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, device="cuda")
    labels = torch.arange(count, device="cuda") % 10
    order = torch.arange(size, device="cuda")
    called = torch.compile(model) if mode == "compile" else model

    def step():
        optimizer.zero_grad(set_to_none=mode != "graph")
        loss = F.cross_entropy(called(images[order].float() / 255), labels[order])
        loss.backward()
        optimizer.step()
        return loss

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    once = step
    if mode == "graph":
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        once = graph.replay
    batches = torch.arange(count // size * size, device="cuda").split(size)
    rounds = []
    for _ in range(5):
        torch.cuda.synchronize()
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            for batch in batches:
                order.copy_(batch)
                once()
            torch.cuda.synchronize()
            steps += len(batches)
        rounds.append(1000 * (time.perf_counter() - start) / steps)
    milliseconds = statistics.median(rounds)
    print(json.dumps({"network": name, "batchSize": size, "mode": mode, "tf32": tf32, "milliseconds": milliseconds,
                      "imagesPerSecond": 1000 * size / milliseconds}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--batches", default="64,128,1024")
    parser.add_argument("--images", type=int, default=59392)
    parser.add_argument("--modes", default="eager,graph")
    parser.add_argument("--tf32", default="off,on")
    parser.add_argument("--seconds", type=float, default=0.3)
    given = parser.parse_args()
    print(json.dumps({"torch": torch.__version__, "card": torch.cuda.get_device_name()}))
    for name in given.networks.split(","):
        for size in map(int, given.batches.split(",")):
            for mode in given.modes.split(","):
                for tf32 in given.tf32.split(","):
                    measure(name, size, given.images, mode, tf32 == "on", given.seconds)


main()
