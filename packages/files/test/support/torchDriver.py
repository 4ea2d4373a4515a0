"""Runs programs that were exported for PyTorch: probabilities, and the gradients of all parameters.

    python3 torchDriver.py FOLDER NUMBER

As numpyDriver.py; names of parameters are those of the module. Where a network has batch normalisation and no dropout, the gradients
are those of a training.
"""

import importlib.util
import sys

import numpy as np
import torch


def load(path):
    spec = importlib.util.spec_from_file_location("net", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


torch.set_num_threads(1)
folder, count = sys.argv[1], int(sys.argv[2])
for k in range(count):
    module = load(f"{folder}/net{k}.py")
    case = np.load(f"{folder}/case{k}.npz")
    network = module.load()
    results = {"predicted": module.predict(network, case["images"]).numpy()}
    network.train(bool(case["training"]))
    x, y = module.prepare(case["images"]), torch.as_tensor(case["labels"]).long()
    loss = module.loss(network(x), y)
    results["loss"] = loss.detach().numpy()
    if loss.requires_grad:
        loss.backward()
    for name, parameter in network.named_parameters():
        results[f"grad.{name}"] = parameter.grad.numpy()
    for name, array in network.state_dict().items():
        results[name] = array.numpy()
    np.savez(f"{folder}/result{k}.npz", **results)

# names that layers must not have
print(" ".join(sorted(name for name in dir(torch.nn.Module()) if not name.startswith("_"))))
