"""Weights by a formula, so that no binary file is committed; tests/helpers/reference-folder.ts computes the same."""
import numpy as np


def values(name, count, scale):
    """scale × a number in [-1, 1) for each index: FNV-1a of the name, stepped by the golden ratio, through Murmur3's mixer."""
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    x = (h + np.arange(count, dtype=np.uint64) * 0x9E3779B1) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> np.uint64(13)
    x = (x * 0xC2B2AE35) & 0xFFFFFFFF
    x ^= x >> np.uint64(16)
    return (scale * (x.astype(np.float64) / 2**31 - 1)).astype(np.float32)


def weight(name, shape, scale):
    """A parameter's values; the gains of norms are around 1."""
    data = values(name, int(np.prod(shape)), scale).reshape(shape)
    norm = "norm" in name.lower() or ".ln_" in name
    return 1 + data if norm and name.endswith("weight") else data
