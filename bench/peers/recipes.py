"""A recipe in PyTorch, with the same network, settings and images, on all cores of the processor:

    python3 bench/peers/recipes.py fast --mnist FOLDER [--seed 0] [--threads 2]
    python3 bench/peers/recipes.py cifar10 --cifar10 cifar10.tar.gz

FOLDER holds MNIST's four files. Network and settings are what `unravel recipes NAME --json` and `unravel summary --json` print, so build
first. It takes what the recipes `fast` and `cifar10` have: SGD with Nesterov's momentum, one-cycle, weight decay that spares biases and
norms, label smoothing, an average of the weights, flips and crops. Prints the test accuracy, and the seconds of training with loading and testing left out.
"""

import argparse
import gzip
import io
import json
import math
import subprocess
import tarfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]


def unravel(*words):
    command = ["node", str(ROOT / "packages/cli/bin/unravel.js"), *words, "--json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def network(spec):
    """A chain of layers as nn.Sequential, its weights drawn as unravel draws them: variance 2 / fan-in."""
    channels, height, width = spec["input"]
    layers = []
    for layer in spec["layers"]:
        kind = layer["type"]
        if kind == "conv2d":
            stride, padding, kernel = layer.get("stride", 1), layer.get("padding", 0), layer["kernel"]
            layers.append(nn.Conv2d(channels, layer["filters"], kernel, stride, padding, bias=layer.get("bias", True)))
            channels = layer["filters"]
            height, width = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
        elif kind == "batchNorm2d":
            layers.append(nn.BatchNorm2d(channels))
        elif kind == "relu":
            layers.append(nn.ReLU(inplace=True))
        elif kind == "maxPool2d":
            layers.append(nn.MaxPool2d(layer["size"]))
            height, width = height // layer["size"], width // layer["size"]
        elif kind == "flatten":
            layers.append(nn.Flatten())
            channels, height, width = channels * height * width, 1, 1
        elif kind == "globalAveragePool2d":
            layers.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
            height = width = 1
        elif kind == "dense":
            layers.append(nn.Linear(channels, layer["units"]))
            channels = layer["units"]
        else:
            raise SystemExit(f"No recipe with {kind} can be trained here.")
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def mnist(folder):
    def read(name, start):
        return np.frombuffer(gzip.open(Path(folder) / f"{name}.gz").read(), np.uint8)[start:]

    for part in ("train", "t10k"):
        images = read(f"{part}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255
        yield torch.tensor(images), torch.tensor(read(f"{part}-labels-idx1-ubyte", 8).astype(np.int64))


def cifar10(archive):
    from PIL import Image

    sets = {"train": ([], []), "test": ([], [])}
    with tarfile.open(archive) as files:
        for member in files:
            if member.isfile():
                part, label, _ = member.name.split("/")[-3:]
                picture = Image.open(io.BytesIO(files.extractfile(member).read())).convert("RGB")
                sets[part][0].append(np.asarray(picture).transpose(2, 0, 1))
                sets[part][1].append(label)
    classes = sorted(set(sets["train"][1]))
    mean = deviation = None
    for part in ("train", "test"):
        images = torch.tensor(np.stack(sets[part][0])).float() / 255
        if mean is None:
            mean, deviation = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True)
        yield (images - mean) / deviation, torch.tensor([classes.index(label) for label in sets[part][1]])


def rate_at(peak, step, steps):
    """One-cycle, as torch.optim.lr_scheduler.OneCycleLR with cycle_momentum=False."""

    def anneal(start, end, t):
        return end + (start - end) / 2 * (1 + math.cos(math.pi * t))

    top = 0.3 * steps - 1
    if step <= top:
        return anneal(peak / 25, peak, step / top)
    return anneal(peak, peak / 25e4, (step - top) / (steps - 1 - top))


def changed(images, changes):
    """Flips and crops as `--augment flip,crop=N` makes them: half of the images mirrored, a mirrored border cut off."""
    for change in filter(None, changes.split(",")):
        name, _, amount = change.partition("=")
        if name == "flip":
            chosen = torch.rand(len(images)) < 0.5
            images = torch.where(chosen[:, None, None, None], images.flip(3), images)
        elif name == "crop":
            size, border = images.shape[-1], int(amount or 4)
            wide = F.pad(images, (border,) * 4, mode="reflect")
            starts = torch.randint(0, 2 * border + 1, (2, len(images)))
            images = torch.stack([one[:, y : y + size, x : x + size] for one, y, x in zip(wide, *starts.tolist())])
        else:
            raise SystemExit(f"No recipe that changes images by {name} can be trained here.")
    return images


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--mnist")
    parser.add_argument("--cifar10")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(given.threads)

    options = unravel("recipes", given.recipe)["options"]
    model = options["model"]
    spec = unravel("summary", str(ROOT / "packages/core/recipes" / model) if model.endswith(".json") else model)["spec"]
    (images, labels), (test_images, test_labels) = cifar10(given.cifar10) if given.cifar10 else mnist(given.mnist)
    # channels last is the faster layout on this processor for both networks
    net = network(spec).to(memory_format=torch.channels_last)
    size, epochs = options["batch-size"], options["epochs"]
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() <= 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": options.get("weight-decay", 0)}, {"params": others}],
        lr=options["learning-rate"], momentum=0.9, nesterov=options["nesterov"],
    )
    smoothing, share = options.get("label-smoothing", 0), options.get("ema")
    average = {name: value.clone() for name, value in net.state_dict().items()}
    per_epoch = math.ceil(len(images) / size)

    start = time.perf_counter()
    step = 0
    for epoch in range(epochs):
        order = torch.randperm(len(images))
        total = 0.0
        for first in range(0, len(images), size):
            chosen = order[first : first + size]
            batch = changed(images[chosen], options.get("augment", "")).contiguous(memory_format=torch.channels_last)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(options["learning-rate"], step, per_epoch * epochs)
            loss = F.cross_entropy(net(batch), labels[chosen], label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if share is not None:
                for name, value in net.state_dict().items():
                    average[name].lerp_(value, 1 - share) if value.is_floating_point() else average[name].copy_(value)
            total += loss.item() * len(chosen)
            step += 1
        print(f"epoch {epoch + 1}/{epochs}: loss {total / len(images):.4f}, {time.perf_counter() - start:.1f} s", flush=True)
    seconds = time.perf_counter() - start

    if share is not None:
        net.load_state_dict(average)
    net.eval()
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in zip(test_images.split(1000), test_labels.split(1000)))
    print(json.dumps({"recipe": given.recipe, "seed": given.seed, "torch": torch.__version__, "threads": given.threads,
                      "accuracy": right / len(test_labels), "trainSeconds": round(seconds, 1)}))


main()
