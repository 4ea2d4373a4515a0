"""Runs programs that were exported for NumPy: each one's trace, in both modes, and two steps of its training.

    python3 numpyDriver.py FOLDER NUMBER

The folder has net0.py, net1.py, ... and for each case0.npz with images, labels and the masks of dropouts; result0.npz is written.
"""

import importlib.util
import inspect
import sys

import numpy as np


def load(path):
    spec = importlib.util.spec_from_file_location("net", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def use_masks(net, case, step):
    """Dropouts drop what they drop in a training of unravel."""
    masks = iter([case[f"mask.{step}.{k}"] for k in range(sum(f"mask.{step}." in name for name in case))])
    own = net.dropout_mask if not hasattr(net, "own_mask") else net.own_mask
    net.own_mask = own
    net.dropout_mask = lambda x, rate, training: next(masks) if training else own(x, rate, training)


folder, count = sys.argv[1], int(sys.argv[2])
for k in range(count):
    net = load(f"{folder}/net{k}.py")
    case = np.load(f"{folder}/case{k}.npz")
    images, labels = case["images"], case["labels"]
    results = {"predicted": net.predict(images)}
    is_modal = "training" in inspect.signature(net.trace).parameters
    for mode in ["training", "evaluation"] if is_modal else ["evaluation"]:
        if hasattr(net, "dropout_mask"):
            use_masks(net, case, 1)
        given = {"training": mode == "training"} if is_modal else {}
        for name, array in net.trace(net.prepare(images), labels, **given).items():
            results[f"{mode}/{name}"] = array
    order = [2, 0, 1]
    for step, batch in [(1, [0, 1, 2]), (2, order)]:
        if hasattr(net, "dropout_mask"):
            use_masks(net, case, step)
        results[f"loss{step}"] = net.step(net.prepare(images[batch]), labels[batch], 0.05)
    for name, array in net.p.items():
        results[f"stepped/{name}"] = array
    np.savez(f"{folder}/result{k}.npz", **results)
