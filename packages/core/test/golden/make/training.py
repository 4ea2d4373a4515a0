"""Learning rates, and several steps of each optimizer, from bytes."""
import torch
import torch.nn.functional as F

from .files import save
from .network import FLATTEN, RELU, conv, dense, make_parameters, pool, run


def scheduler_of(schedule, optimizer, peak, steps):
    if schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    if schedule == "one-cycle":
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=peak, total_steps=steps, cycle_momentum=False)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)


PEAKS_AND_STEPS = [
    (0.1, 1), (0.1, 2), (0.1, 3), (0.1, 4), (0.5, 5), (0.1, 7), (0.005, 10), (1, 13), (0.02, 100), (0.003, 333)]


def make_schedules():
    tensors, cases = {}, []
    for schedule in ("constant", "cosine", "one-cycle"):
        for peak, steps in PEAKS_AND_STEPS:
            optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
            scheduler = scheduler_of(schedule, optimizer, peak, steps)
            rates = []
            for step in range(steps):
                rates.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                if step + 1 < steps:
                    scheduler.step()
            name = f"{schedule}/{peak}/{steps}"
            cases.append({"name": name, "schedule": schedule, "peak": peak, "steps": steps})
            tensors[name] = torch.tensor(rates)
    save("schedules", {"cases": cases}, tensors)


# ---- several steps of each optimizer, from bytes ---------------------------------------------------------------------

TRAINING_SPEC = {
    "input": [2, 8, 7],
    "layers": [conv(3, 3, padding=1), RELU, pool(2), FLATTEN, dense(8), RELU, dense(4)],
    "normalize": {"mean": [0.25, 0.5], "std": [0.5, 0.75]},
}
BATCH = 4
KEPT_STEPS = (1, 2, 7)

TRAININGS = [  # name, optimizer as the library is asked for it, schedule, peak, clip
    ("sgd", {"type": "sgd", "momentum": 0}, "constant", 0.02, None),
    ("sgd-momentum", {"type": "sgd", "momentum": 0.9}, "constant", 0.005, None),
    ("sgd-nesterov", {"type": "sgd", "momentum": 0.8, "nesterov": True}, "cosine", 0.01, None),
    ("sgd-weight-decay", {"type": "sgd", "momentum": 0, "weightDecay": 0.3}, "one-cycle", 0.02, None),
    ("sgd-all", {"type": "sgd", "momentum": 0.7, "nesterov": True, "weightDecay": 0.2}, "one-cycle", 0.05, 0.5),
    ("sgd-clip", {"type": "sgd", "momentum": 0}, "constant", 0.03, 5),
    ("adam", {"type": "adam"}, "constant", 0.01, None),
    ("adam-weight-decay", {"type": "adam", "weightDecay": 0.1}, "cosine", 0.01, None),
    ("adam-options", {"type": "adam", "beta1": 0.6, "beta2": 0.95, "epsilon": 0.001}, "one-cycle", 0.02, 0.25),
    ("adamw", {"type": "adamw"}, "constant", 0.01, None),
    ("adamw-weight-decay", {"type": "adamw", "weightDecay": 0.5}, "one-cycle", 0.02, None),
]


def optimizer_of(options, parameters, rate):
    decay = options.get("weightDecay", 0.01 if options["type"] == "adamw" else 0)
    if options["type"] == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=options["momentum"], weight_decay=decay,
                               nesterov=options.get("nesterov", False))
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[options["type"]]
    betas = (options.get("beta1", 0.9), options.get("beta2", 0.999))
    return kind(parameters, lr=rate, betas=betas, eps=options.get("epsilon", 1e-8), weight_decay=decay)


def make_training():
    random = torch.Generator().manual_seed(200)
    start = make_parameters(TRAINING_SPEC, random)
    images = torch.randint(0, 256, (12, *TRAINING_SPEC["input"]), generator=random).to(torch.uint8)
    labels = torch.randint(0, 4, (12,), generator=random)
    # 26 images in batches of 4: 7 steps, of which the last has 2 images only. Some images come twice.
    order = torch.cat([torch.randperm(12, generator=random) for _ in range(3)])[:26]
    batches = [order[i : i + BATCH] for i in range(0, 26, BATCH)]
    mean = torch.tensor(TRAINING_SPEC["normalize"]["mean"]).reshape(1, -1, 1, 1)
    std = torch.tensor(TRAINING_SPEC["normalize"]["std"]).reshape(1, -1, 1, 1)
    pixels = (images / torch.tensor(255.0) - mean) / std

    tensors = {"images": images, **{"start/" + name: p for name, p in start.items()}}
    cases = []
    for name, options, schedule, peak, clip in TRAININGS:
        parameters = {key: p.clone().requires_grad_() for key, p in start.items()}
        optimizer = optimizer_of(options, list(parameters.values()), peak)
        scheduler = scheduler_of(schedule, optimizer, peak, len(batches))
        losses, norms = [], []
        for step, batch in enumerate(batches, 1):
            optimizer.zero_grad()
            logits = list(run(TRAINING_SPEC, parameters, pixels[batch]).values())[-1]
            loss = F.cross_entropy(logits, labels[batch])
            loss.backward()
            losses.append(loss.item())
            if clip is not None:
                norms.append(torch.nn.utils.clip_grad_norm_(list(parameters.values()), clip).item())
            optimizer.step()
            if step < len(batches):
                scheduler.step()
            if step in KEPT_STEPS:
                tensors.update({f"{name}/step{step}/{key}": p.detach().clone() for key, p in parameters.items()})
        if name == "sgd-clip":
            assert min(norms) < clip < max(norms), norms  # some steps are clipped, some not
        tensors[name + "/losses"] = torch.tensor(losses)
        if clip is not None:
            tensors[name + "/norms"] = torch.tensor(norms)
        cases.append({"name": name, "optimizer": options, "schedule": schedule, "peak": peak, "clip": clip})
    golden = {"spec": TRAINING_SPEC, "labels": labels.tolist(), "order": order.tolist(), "batchSize": BATCH,
              "keptSteps": KEPT_STEPS, "cases": cases}
    save("training", golden, tensors)
