#!/usr/bin/env python3
"""Makes files in the layout that Keras gives its own, with h5py and without Keras: they are not Keras's own files.

    /usr/bin/python3 packages/files/golden/make_keras.py

Needs Debian's python3-h5py and python3-numpy. For each network: a Keras 2 file (NAME.h5) or a Keras 3 one (NAME.keras), and
expected.npz with an input (NHWC, or what the network takes) and the output that the loops in keras_layers.py give for it.
"""
import io
import json
import pathlib
import zipfile

import h5py
import numpy as np

from keras_networks import NETWORKS

HERE = pathlib.Path(__file__).parent / "keras"


def legacy(path, net, **options):
    """Keras 2's layout: model_config as an attribute, a group for each layer, weights by their names."""
    with h5py.File(path, "w") as f:
        f.attrs["keras_version"] = b"2.15.0"
        f.attrs["backend"] = b"tensorflow"
        f.attrs["model_config"] = json.dumps(net.config).encode("utf8")
        group = f.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode("utf8") for name in net.groups]
        group.attrs["backend"] = b"tensorflow"
        for name, weights in net.groups.items():
            own = group.create_group(name)
            own.attrs["weight_names"] = [w.encode("utf8") for w, _ in weights]
            for w, values in weights:
                own.create_dataset(w, data=values, **(options if values.ndim > 1 else {}))


def archive(path, net):
    """Keras 3's layout: a zip file with config.json, metadata.json and model.weights.h5, where weights are numbered."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as f:
        for place, arrays in net.numbered.items():
            own = f.create_group(f"{place}/vars")
            for k, values in enumerate(arrays):
                own[str(k)] = values
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        entries = {
            "metadata.json": json.dumps({"keras_version": "3.3.3", "date_saved": "2024-01-01@00:00:00"}),
            "config.json": json.dumps(net.config),
            "model.weights.h5": weights.getvalue(),
        }
        for name, data in entries.items():
            z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def main():
    HERE.mkdir(exist_ok=True)
    expected = {}
    for name, make in NETWORKS.items():
        net = make(np.random.RandomState(len(name) * 7 + ord(name[0])))
        x = net.input(np.random.RandomState(3))
        expected[f"{name}.x"] = x.astype(np.float32)
        expected[f"{name}.y"] = net.forward(x).astype(np.float32)
        if net.kind == "keras":
            archive(HERE / f"{name}.keras", net)
        else:
            legacy(HERE / f"{name}.h5", net, **net.storage)
    np.savez_compressed(HERE / "expected.npz", **expected)
    long_config = {"class_name": "Sequential", "config": {"name": "x" * 70000, "layers": []}}
    with h5py.File(HERE / "no-layers.h5", "w") as f:
        f.attrs["model_config"] = json.dumps(long_config)
    with h5py.File(HERE / "weights-only.h5", "w") as f:
        f.create_group("layers")
    total = sum(p.stat().st_size for p in HERE.iterdir())
    print(f"{len(list(HERE.iterdir()))} files, {total} bytes")


main()
