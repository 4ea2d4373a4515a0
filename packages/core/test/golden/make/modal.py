"""Layers that do something else in training."""
import torch

from .files import save
from .network import (
    FLATTEN, RELU, Circumstances, add, average_pool, conv, dense, leaky, make_parameters, norm, pool, trace)

MODAL = {  # name: (input, layers); the options are also others than the default
    "images": ([2, 7, 6], [
        conv(3, 3, bias=False), norm(2), RELU, conv(4, 2), norm(2, eps=0.125, momentum=0.375), leaky(0.2), pool(2),
        FLATTEN, dense(4)]),
    "features": ([1, 3, 4], [
        FLATTEN, norm(1), dense(6), norm(1, eps=0.25, momentum=0.5), RELU, dense(5), norm(1, momentum=1), dense(3)]),
    "momentum-0": ([1, 4, 4], [norm(2, momentum=0), FLATTEN, dense(4, bias=False), norm(1, momentum=0), dense(2)]),
    "residual": ([2, 6, 5], [
        conv(3, 3, padding=1, name="stem"), norm(2), RELU, {"type": "dropout", "rate": 0.25}, conv(3, 3, padding=1),
        norm(2, name="inner"), add("inner", "relu1"), RELU, average_pool(2), FLATTEN, dense(6), norm(1), RELU,
        {"type": "dropout"}, dense(4)]),
}
MODAL_SEED, MODAL_BATCH, MODAL_RATE = 41, 5, 0.05


def make_modal():
    """
    A step of training with every number, the parameters and running statistics after each of four steps of SGD (the last on
    2 images), and then a step in evaluation.
    """
    for index, (name, (shape, layers)) in enumerate(MODAL.items()):
        random = torch.Generator().manual_seed(300 + index)
        spec = {"input": shape, "layers": layers, "normalize": {"mean": [0.25] * shape[0], "std": [0.5] * shape[0]}}
        parameters = make_parameters(spec, random)
        start = {"start/" + key: p for key, p in parameters.items()}
        state = {}
        for key, p in parameters.items():
            if key.replace("inner", "norm").startswith("norm") and key.endswith("weight"):
                state[key.replace("weight", "running_mean")] = torch.zeros(p.shape)
                state[key.replace("weight", "running_var")] = torch.ones(p.shape)
        start.update({"start/" + key: t.clone() for key, t in state.items()})
        images = torch.randint(0, 256, (9, *shape), generator=random).to(torch.uint8)
        labels = torch.randint(0, layers[-1]["units"], (9,), generator=random)
        order = torch.cat([torch.randperm(9, generator=random) for _ in range(2)])[:17]
        pixels = (images / torch.tensor(255.0) - 0.25) / 0.5

        tensors, losses = {"images": images, **start}, []
        batches = [order[i : i + MODAL_BATCH] for i in range(0, 17, MODAL_BATCH)]
        for step, batch in enumerate(batches, 1):
            here = Circumstances(seed=MODAL_SEED, step=step, state=state)  # F.batch_norm changes what is in `state`
            numbers = trace(spec, parameters, pixels[batch], labels[batch], here)
            if step == 1:
                tensors.update({"training/" + key: t.detach().clone() for key, t in numbers.items()})
            losses.append(numbers["loss"].item())
            parameters = {key: p - MODAL_RATE * numbers["grad." + key] for key, p in parameters.items()}
            tensors.update({f"step{step}/{key}": t.detach().clone() for key, t in {**parameters, **state}.items()})
        here = Circumstances(training=False, state=state)
        numbers = trace(spec, parameters, pixels[:4], labels[:4], here)
        tensors.update({"evaluation/" + key: t for key, t in numbers.items()})
        tensors["losses"] = torch.tensor(losses)
        save("modal-" + name, {
            "spec": spec, "labels": labels.tolist(), "order": order.tolist(), "batchSize": MODAL_BATCH,
            "seed": MODAL_SEED, "learningRate": MODAL_RATE}, tensors)
