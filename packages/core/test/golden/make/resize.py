"""Golden numbers for the resize: what Pillow's BOX makes of pictures that a formula gives.

    /usr/bin/python3 packages/core/test/golden/make/resize.py    (Debian's python3-pil)
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

CASES = [
    # width, height, channels, new width, new height
    (20, 15, 3, 5, 5),
    (33, 47, 3, 16, 12),
    (31, 100, 1, 14, 14),
    (9, 4, 3, 12, 12),
    (7, 5, 1, 3, 3),
    (61, 97, 1, 14, 14),
    (8, 8, 3, 8, 8),
]


def picture(width, height, channels):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    values = (x * x * 3 + y * y * 5 + x * y * 7 + c * 41) % 256
    return Image.fromarray(values.astype(np.uint8).squeeze())


FITS = {
    "stretch": lambda image, size: image.resize(size, Image.BOX),
    "cover": lambda image, size: ImageOps.fit(image, size, Image.BOX),
    # without the border
    "contain": lambda image, size: ImageOps.contain(image, size, Image.BOX),
}

rows = []
for width, height, channels, new_width, new_height in CASES:
    for fit, resize in FITS.items():
        made = resize(picture(width, height, channels), (new_width, new_height))
        rows.append(
            {
                "picture": [width, height, channels],
                "size": [new_width, new_height],
                "fit": fit,
                "inner": list(made.size),
                "values": np.asarray(made).reshape(-1).tolist(),
            }
        )

path = Path(__file__).parent.parent / "resize.json"
path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
