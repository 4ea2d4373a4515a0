"""Writes files of every kind that NumPy writes, for the tests of the readers: python3 make_arrays.py

Made with NumPy 1.24.2 and Python 3.11.2. Each array holds whole numbers, halves and quarters that its dtype can hold
exactly; arrays.json says what they are.
"""
import json
import os
import warnings

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
VALUES = [0, 1, 2, 3, 100, 7, 5, 4, 127, 9, 8, 6]
SIGNED = [0, -1, 2, -3, 100, 7, -128, 4, 127, 9, -8, 6]
REAL = [0, -0.5, 2.25, -3, 1024, 7, 1e-3, 4, 65504, 9, -8, 6e-8]

arrays, expected = {}, {}


def add(name, array, fortran=False):
    arrays[name] = np.asfortranarray(array) if fortran else array
    expected[name] = {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "values": [float(v) for v in np.asarray(array, np.float64).ravel()],
    }


for order in "<>":
    for kind in ["f2", "f4", "f8"]:
        add(f"{kind}{order}", np.array(REAL).astype(order + kind).reshape(2, 3, 2))
    for size in [1, 2, 4, 8]:
        add(f"i{size}{order}", np.array(SIGNED).astype(f"{order}i{size}").reshape(3, 4))
        add(f"u{size}{order}", np.array(VALUES).astype(f"{order}u{size}").reshape(12))
add("largest", np.array([2**53, -(2**53), 2**40 + 1], "<i8"))
add("bool", np.array([True, False, True]))
add("fortran", np.array(SIGNED, float).reshape(2, 3, 2), fortran=True)
add("fortran>", np.array(SIGNED).astype(">i2").reshape(4, 3), fortran=True)
add("scalar", np.array(2.5))
add("empty", np.zeros((0, 3), np.float32))
add("special", np.array([np.nan, np.inf, -np.inf, -0.0], np.float16))
add("zeros", np.zeros(5000))
expected["special"]["values"] = ["NaN", "Infinity", "-Infinity", 0]

np.savez(os.path.join(HERE, "stored.npz"), **arrays)
np.savez_compressed(os.path.join(HERE, "deflated.npz"), **arrays)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for version in [(1, 0), (2, 0), (3, 0)]:
        with open(os.path.join(HERE, f"version{version[0]}.npy"), "wb") as file:
            np.lib.format.write_array(file, np.arange(6, dtype="<f4").reshape(2, 3), version)
np.save(os.path.join(HERE, "objects.npy"), np.array([{}], dtype=object))
np.save(os.path.join(HERE, "fields.npy"), np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
np.save(os.path.join(HERE, "texts.npy"), np.array(["cat", "dog"]))
np.save(os.path.join(HERE, "complex.npy"), np.zeros(2, complex))
with open(os.path.join(HERE, "arrays.json"), "w") as file:
    json.dump(expected, file)
