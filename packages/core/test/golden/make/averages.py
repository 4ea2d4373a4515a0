"""Weight decay of some parameters only, and moving averages of all, over several steps of a network with norms."""
import torch
import torch.nn.functional as F

from .files import save
from .network import FLATTEN, RELU, Circumstances, conv, dense, make_parameters, norm, pool, run
from .training import optimizer_of

SPEC = {
    "input": [2, 7, 6],
    "layers": [  # no bias before a norm: its gradient is nothing but rounding, and Adam would make whole steps of it
        conv(3, 3, bias=False), norm(2), RELU, pool(2), FLATTEN, dense(6, bias=False), norm(1, momentum=0.25), RELU,
        dense(4)],
}
BATCH, STEPS, RATE = 5, 6, 0.02

CASES = [  # name, optimizer as the library is asked for it, ema
    ("sgd", {"type": "sgd", "momentum": 0.9}, 0.75),
    ("adamw", {"type": "adamw", "weightDecay": 0.3, "epsilon": 0.01}, 0.9),
    ("sgd-weights", {"type": "sgd", "momentum": 0.8, "nesterov": True, "weightDecay": 0.4, "decay": "weights"}, 0.5),
    ("adam-weights", {"type": "adam", "weightDecay": 0.4, "epsilon": 0.01, "decay": "weights"}, 0.5),
    ("adamw-weights", {"type": "adamw", "weightDecay": 0.3, "epsilon": 0.01, "decay": "weights"}, 0.9),
]


class Network(torch.nn.Module):
    """Parameters and running statistics, in which a name's dots are underscores."""

    def __init__(self, parameters):
        super().__init__()
        for name, p in parameters.items():
            self.register_parameter(name.replace(".", "__"), torch.nn.Parameter(p.clone()))
            if name.startswith("norm") and name.endswith("weight"):
                self.register_buffer(name.replace(".weight", "__running_mean"), torch.zeros(p.shape))
                self.register_buffer(name.replace(".weight", "__running_var"), torch.ones(p.shape))

    def named(self):
        both = [*self.named_parameters(), *self.named_buffers()]
        return {name.replace("__", "."): p for name, p in both}


def average_of(network, ema):
    """One that begins with the initial weights: PyTorch's own begins with those at its first update."""
    average = torch.optim.swa_utils.AveragedModel(
        network, avg_fn=lambda average, now, _: ema * average + (1 - ema) * now, use_buffers=True)
    average.update_parameters(network)
    return average


def groups_of(network, decay):
    """With "weights" biases and what norms learn, which have one dimension, are a group without weight decay."""
    if decay == "all":
        return list(network.parameters())
    spared = [p for p in network.parameters() if p.dim() == 1]
    return [{"params": [p for p in network.parameters() if p.dim() > 1]}, {"params": spared, "weight_decay": 0}]


def make_averages():
    random = torch.Generator().manual_seed(202)
    start = make_parameters(SPEC, random)
    images = torch.randint(0, 256, (12, *SPEC["input"]), generator=random).to(torch.uint8)
    labels = torch.randint(0, 4, (12,), generator=random)
    order = torch.cat([torch.randperm(12, generator=random) for _ in range(3)])[: BATCH * STEPS]
    tensors = {"images": images, **{"start/" + name: p for name, p in Network(start).named().items()}}
    cases = []
    for name, options, ema in CASES:
        network = Network(start)
        average = average_of(network, ema)
        optimizer = optimizer_of(options, groups_of(network, options.get("decay", "all")), RATE)
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            optimizer.zero_grad()
            everything = network.named()
            here = Circumstances(state=everything)  # F.batch_norm changes the running statistics
            logits = list(run(SPEC, everything, images[batch] / torch.tensor(255.0), here).values())[-1]
            F.cross_entropy(logits, labels[batch]).backward()
            optimizer.step()
            average.update_parameters(network)
        tensors.update({f"{name}/{key}": p.detach().clone() for key, p in network.named().items()})
        tensors.update({f"{name}/average/{key}": p.detach().clone() for key, p in average.module.named().items()})
        cases.append({"name": name, "optimizer": options, "ema": ema})
    save("averages", {"spec": SPEC, "labels": labels.tolist(), "order": order.tolist(), "batchSize": BATCH,
                      "learningRate": RATE, "cases": cases}, tensors)
