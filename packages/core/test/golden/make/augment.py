"""Images as chance changes them: the draws again in Python, the places between pixels by PyTorch's grid_sample."""
import math

import torch
import torch.nn.functional as F

from .files import np, save

MASK = 0xFFFFFFFF
SHAPES = {"grey": (1, 12, 9), "colour": (3, 8, 10)}

CASES = [  # what is done, and to which images
    ({"shift": 3}, "grey"), ({"flip": 1}, "colour"), ({"crop": 4}, "colour"), ({"rotate": 30}, "grey"),
    ({"rotate": 180}, "colour"), ({"scale": 0.5}, "grey"), ({"shear": 25}, "colour"), ({"erase": 0.6}, "colour"),
    ({"elastic": 2}, "grey"), ({"brightness": 0.4}, "grey"), ({"contrast": 0.7}, "colour"),
    ({"shift": 2, "rotate": 10, "scale": 0.1, "shear": 5}, "grey"), ({"flip": 1, "crop": 2}, "colour"),
    ({"shift": 1, "rotate": 20, "scale": 0.2, "shear": 9, "flip": 1, "crop": 1, "erase": 0.4, "elastic": 1.5,
      "brightness": 0.2, "contrast": 0.2}, "colour"),
]
PLACES = [(0, 1, 0, 0), (7, 2, 5, 0), (123456789, 30, 59999, 1), (7, 2, 3, 0)]  # seed, epoch, index, copy


def mix(h):
    h &= MASK
    h = ((h ^ (h >> 16)) * 0x7FEB352D) & MASK
    h = ((h ^ (h >> 15)) * 0x846CA68B) & MASK
    return h ^ (h >> 16)


class Dice:
    def __init__(self, seed, epoch, index, copy):
        self.key = mix(mix(mix(mix(seed) + epoch) + index) + copy)

    def draw(self, place):
        return mix(self.key + place * 0x9E3779B9)

    def below(self, n, place):
        return self.draw(place) * n >> 32

    def between(self, n, place):
        return self.below(2 * n + 1, place) - n

    def symmetric(self, place):
        return self.draw(place) / 2**31 - 1


def spline(t):
    """The cubic B-spline's value so far from a knot."""
    t = abs(t)
    return 2 / 3 - t * t + t**3 / 2 if t < 1 else max(0.0, 2 - t) ** 3 / 6


def bend(amount, H, W, dice):
    mesh = min(H, W) / 4
    knots = int((W - 1) / mesh) + 4
    moved = np.zeros((2, H, W))
    for y in range(H):
        for x in range(W):
            for p in range(int((H - 1) / mesh) + 4):
                for q in range(knots):
                    weight = spline(y / mesh - (p - 1)) * spline(x / mesh - (q - 1))
                    for axis in range(2):
                        place = 16 + 2 * (p * knots + q) + axis
                        moved[axis, y, x] += weight * amount * dice.symmetric(place)
    return moved


def warp(image, a, dice):
    C, H, W = image.shape
    theta = math.radians(a.get("rotate", 0) * dice.symmetric(2))
    slant = math.tan(math.radians(a.get("shear", 0) * dice.symmetric(4)))
    factor = 1 + a.get("scale", 0) * dice.symmetric(3)
    there = np.array([[math.cos(theta), -math.sin(theta)], [math.sin(theta), math.cos(theta)]]) @ np.array(
        [[1, slant], [0, 1]]) * factor  # scaled, slanted, then turned
    back = np.linalg.inv(there)
    y, x = np.mgrid[0:H, 0:W].astype(float)
    shift = a.get("shift", 0)
    dx = x - (W - 1) / 2 - dice.between(shift, 0)
    dy = y - (H - 1) / 2 - dice.between(shift, 1)
    u = (W - 1) / 2 + back[0, 0] * dx + back[0, 1] * dy
    v = (H - 1) / 2 + back[1, 0] * dx + back[1, 1] * dy
    if "elastic" in a:
        across, down = bend(a["elastic"], H, W, dice)
        u, v = u + across, v + down
    grid = torch.tensor(np.stack([(2 * u + 1) / W - 1, (2 * v + 1) / H - 1], -1))[None]
    mixed = F.grid_sample(image[None], grid, mode="bilinear", padding_mode="border", align_corners=False)[0]
    return torch.floor(mixed + 0.5)


def change(image, a, dice):
    image = image.to(torch.float64)
    C, H, W = image.shape
    if any(name in a for name in ("rotate", "scale", "shear", "elastic")):
        image = warp(image, a, dice)
    elif "shift" in a:
        n, x, y = a["shift"], dice.between(a["shift"], 0), dice.between(a["shift"], 1)
        image = F.pad(image[None], (n, n, n, n), mode="replicate")[0][:, n - y:n - y + H, n - x:n - x + W]
    if "flip" in a and dice.below(2, 5) == 1:
        image = torch.flip(image, [2])
    if "crop" in a:
        n, x, y = a["crop"], dice.between(a["crop"], 6), dice.between(a["crop"], 7)
        image = F.pad(image[None], (n, n, n, n), mode="reflect")[0][:, n + y:n + y + H, n + x:n + x + W]
    if "brightness" in a or "contrast" in a:
        factor = 1 + a.get("contrast", 0) * dice.symmetric(9)
        middle = 127.5 + 255 * a.get("brightness", 0) * dice.symmetric(8)
        image = torch.clamp(torch.floor((image - 127.5) * factor + middle + 0.5), 0, 255)
    if "erase" in a:
        mean = torch.floor(image.mean((1, 2)) + 0.5)
        h = 1 + dice.below(max(1, math.floor(a["erase"] * H + 0.5)), 10)
        w = 1 + dice.below(max(1, math.floor(a["erase"] * W + 0.5)), 11)
        y, x = dice.below(H - h + 1, 12), dice.below(W - w + 1, 13)
        image = image.clone()
        image[:, y:y + h, x:x + w] = mean[:, None, None]
    return image


def make_augment():
    random = np.random.default_rng(5)
    tensors = {name: torch.tensor(random.integers(0, 256, shape), dtype=torch.uint8) for name, shape in SHAPES.items()}
    for case, (a, image) in enumerate(CASES):
        for place, values in enumerate(PLACES):
            tensors[f"{case}.{place}"] = change(tensors[image], a, Dice(*values)).to(torch.uint8)
    about = {"cases": [{"augment": a, "image": image} for a, image in CASES],
             "places": [dict(zip(("seed", "epoch", "index", "copy"), values)) for values in PLACES]}
    save("augment", about, tensors)
