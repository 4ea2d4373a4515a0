#!/usr/bin/env python3
"""
Writes the golden files beside it: what PyTorch computes, for the tests to compare with. The tests need no Python.

    OMP_NUM_THREADS=1 /usr/bin/python3 packages/core/test/golden/make_golden.py

The committed files were made with PyTorch 1.13.1 (Debian 12's python3-torch, which calls itself 1.13.0a0), NumPy 1.24.2
and Python 3.11.2 on x86-64. Other versions may change last bits; the tests' bounds allow for that.

Each file is safetensors. Its metadata has the key "golden" with JSON that says what was computed (specs, labels,
options); its tensors are F64 under the library's names. Inputs and parameters are rounded to float32 first, so that
the same file can be held against a computation in float32 without a difference that lies in the input.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from make import augment, averages, files, losses, modal, networks, training

if __name__ == "__main__":
    print(f"PyTorch {files.torch.__version__}, NumPy {files.np.__version__}")
    networks.make_networks()
    losses.make_softmax()
    losses.make_losses()
    losses.make_curves()
    training.make_schedules()
    training.make_training()
    modal.make_modal()
    averages.make_averages()
    augment.make_augment()
