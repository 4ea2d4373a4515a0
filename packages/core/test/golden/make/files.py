"""The golden files, and numbers as they lie in them. Whatever makes some imports this first."""
import json
import os
import struct

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def save(name, golden, tensors):
    header, blobs, end = {"__metadata__": {"golden": json.dumps(golden)}}, [], 0
    for key, value in tensors.items():
        array = np.ascontiguousarray(torch.as_tensor(value).detach().numpy())
        dtype = {"float64": "F64", "uint8": "U8"}[array.dtype.name]
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]}
        blobs.append(array.tobytes())
        end += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, name + ".safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def single(t):
    """The nearest float32 numbers, in float64."""
    return t.to(torch.float32).to(torch.float64)
