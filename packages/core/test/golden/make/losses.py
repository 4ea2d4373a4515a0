"""Losses with their options, and smooth functions of one number; also far out."""
import torch
import torch.nn.functional as F

from .files import save, single
from .network import CURVES


def make_softmax():
    random = torch.Generator().manual_seed(100)
    rows = torch.randn(6, 7, generator=random) * 3
    extremes = torch.tensor([
        [0, 0, 0, 0, 0, 0, 0],  # all equal
        [1000, 999, -1000, 0, 1, 2, 3],  # e^1000 is no number
        [-1000, -1001, -1002, -1003, -1000, -1000, -1750],
        [745, 0, 0.5, 1, 1, 1, -0.25],  # e^-745 is the smallest number there is
        [1e-9, 0, -1e-9, 0, 0, 0, 2e-9],
        [30, 30, -30, -30, 0, 0, 40],
    ])
    logits = single(torch.cat([rows, extremes])).requires_grad_()
    labels = torch.tensor([0, 6, 3, 1, 1, 5, 2, 2, 6, 1, 4, 3])
    outgoing = single(torch.randn(logits.shape, generator=random))
    probs = torch.softmax(logits, 1)
    softmax_gradient = torch.autograd.grad(probs, logits, outgoing)[0]
    losses = F.cross_entropy(logits, labels, reduction="none")
    loss = losses.mean()
    gradient = torch.autograd.grad(loss, logits)[0]
    save("softmax", {"labels": labels.tolist()}, {
        "logits": logits, "probs": probs, "grad.probs": outgoing, "grad.logits.of.softmax": softmax_gradient,
        "losses": losses, "loss": loss, "grad.logits": gradient})


def make_losses():
    random = torch.Generator().manual_seed(102)
    rows = [[0, 0, 0, 0, 0], [300, 299, -300, 0, 1], [-80, 0.5, 90, 1, -0.25]]
    logits = single(torch.cat([torch.randn(5, 5, generator=random) * 3, torch.tensor(rows)])).requires_grad_()
    labels = torch.tensor([0, 4, 3, 1, 1, 2, 2, 0])
    weights = [0.5, 2, 1, 3.25, 0.125]
    tensors, cases = {"logits": logits}, []
    for smoothing in (0, 0.1, 0.6):
        for weighted in (False, True):
            weight = torch.tensor(weights) if weighted else None
            options = {"weight": weight, "label_smoothing": smoothing}
            loss = F.cross_entropy(logits, labels, **options)
            name = f"softmaxCrossEntropy/{smoothing}{'/weighted' if weighted else ''}"
            cases.append({"name": name, "spec": {"type": "softmaxCrossEntropy", "labelSmoothing": smoothing},
                          "classWeights": weights if weighted else None})
            tensors[name + "/losses"] = F.cross_entropy(logits, labels, reduction="none", **options)
            tensors[name + "/loss"] = loss
            tensors[name + "/grad.logits"] = torch.autograd.grad(loss, logits)[0]
    hot = F.one_hot(labels, 5).to(torch.float64)
    for weighted in (False, True):
        each = torch.tensor(weights)[labels] if weighted else torch.ones(len(labels))
        losses = each * F.mse_loss(logits, hot, reduction="none").mean(1)
        loss = losses.sum() / each.sum()
        if not weighted:
            assert torch.isclose(loss, torch.nn.MSELoss()(logits, hot), rtol=1e-14)
        name = "meanSquaredError" + ("/weighted" if weighted else "")
        cases.append({"name": name, "spec": {"type": "meanSquaredError"}, "classWeights": weights if weighted else None})
        tensors[name + "/losses"], tensors[name + "/loss"] = losses, loss
        tensors[name + "/grad.logits"] = torch.autograd.grad(loss, logits)[0]
    for weighted in (False, True):
        each = torch.tensor(weights)[labels] if weighted else torch.ones(len(labels))
        losses = each * F.binary_cross_entropy_with_logits(logits, hot, reduction="none").mean(1)
        loss = losses.sum() / each.sum()
        if not weighted:
            assert torch.isclose(loss, torch.nn.BCEWithLogitsLoss()(logits, hot), rtol=1e-14)
        name = "binaryCrossEntropy" + ("/weighted" if weighted else "")
        cases.append({"name": name, "spec": {"type": "binaryCrossEntropy"}, "classWeights": weights if weighted else None})
        tensors[name + "/losses"], tensors[name + "/loss"] = losses, loss
        tensors[name + "/grad.logits"] = torch.autograd.grad(loss, logits)[0]
    targets = torch.randint(0, 2, hot.shape, generator=random).to(torch.float64)
    targets[0], targets[1] = 0, 1  # none of the classes, and all
    losses = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1)
    loss = torch.nn.BCEWithLogitsLoss()(logits, targets)
    name = "binaryCrossEntropy/several labels"
    cases.append({"name": name, "spec": {"type": "binaryCrossEntropy"}, "classWeights": None,
                  "labels": [int(target) for target in targets.flatten()]})
    tensors[name + "/losses"], tensors[name + "/loss"] = losses, loss
    tensors[name + "/grad.logits"] = torch.autograd.grad(loss, logits)[0]
    save("losses", {"labels": labels.tolist(), "cases": cases}, tensors)


def make_curves():
    sizes = torch.tensor([0, 1e-30, 1e-9, 1e-4, 0.3, 0.5, 1.28, 2, 5, 8, 16, 17, 30, 69, 70, 100, 700, 1000, 1e6, 1e30])
    x = single(torch.cat([torch.linspace(-12, 12, 97), sizes, -sizes])).requires_grad_()
    outgoing = single(torch.randn(x.shape, generator=torch.Generator().manual_seed(101)))
    tensors = {"x": x, "grad.y": outgoing}
    rows = {**CURVES, "geluTanh": lambda x: F.gelu(x, approximate="tanh")}
    for name, curve in rows.items():
        y = curve(x)
        tensors[name] = y
        tensors["grad." + name] = torch.autograd.grad(y, x, outgoing)[0]
    save("curves", {"curves": list(rows)}, tensors)
