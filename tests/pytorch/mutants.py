"""Compare verdicts on damaged safetensors files with those of the reference implementation.

    node scripts/run.mjs tests/pytorch/mutants.ts OUT.bin 1000000 && python3 tests/pytorch/mutants.py OUT.bin

What Cloze reads, the reference must read. What Cloze refuses and the reference reads must be one of the intended
differences: names or fields that stand twice, fields that no file has, a tensor written as a list, metadata null,
spaces before the header, other spaces than U+0020 behind it, numbers beyond 2^53.
"""
import collections
import json
import struct
import sys

from safetensors import SafetensorError, deserialize


def intended(data):
    """Why Cloze is stricter here, or None."""
    length = struct.unpack("<Q", data[:8])[0]
    text = data[8 : 8 + length].decode()
    twice = []

    def pairs(items):
        keys = [key for key, _ in items]
        twice.extend(key for key in keys if keys.count(key) > 1)
        return dict(items)

    header = json.loads(text, object_pairs_hook=pairs)
    if twice:
        return "stands twice"
    if text.rstrip(" ") != text.rstrip():
        return "space behind the header"
    if not text.startswith("{"):
        return "space before the header"
    if "__metadata__" in header and header["__metadata__"] is None:
        return "metadata null"
    tensors = [value for name, value in header.items() if name != "__metadata__"]
    if any(isinstance(value, list) for value in tensors):
        return "tensor as a list"
    if any(set(value) - {"dtype", "shape", "data_offsets"} for value in tensors):
        return "unknown field"
    if any(n > 2**53 for value in tensors for n in value["shape"]):
        return "number beyond 2^53"
    return None


stream = open(sys.argv[1], "rb").read()
at = total = agreed = 0
differences = collections.Counter()
bad = []
while at < len(stream):
    length, ours = struct.unpack_from("<IB", stream, at)
    data = stream[at + 5 : at + 5 + length]
    at += 5 + length
    total += 1
    try:
        deserialize(data)
        theirs = 1
    except SafetensorError:
        theirs = 0
    if ours == theirs:
        agreed += 1
        continue
    reason = intended(data) if theirs else None
    if reason:
        differences[reason] += 1
    else:
        bad.append(("only Cloze reads" if ours else "only the reference reads", data))
print(f"{total} files: {agreed} same verdicts, intended differences {dict(differences)}, others {len(bad)}")
for who, data in bad[:20]:
    print(who, data)
sys.exit(len(bad) > 0)
