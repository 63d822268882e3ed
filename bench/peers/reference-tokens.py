"""
What the reference library makes of whole data sets, as one checksum a text, for bench/peers/compare-tokens.ts.

    pip install tokenizers
    python reference-tokens.py SHARED OUT        # SHARED: the shared folder; OUT: a folder for texts.jsonl and NAME.crc

A checksum is the CRC-32 of the ids, then of the offsets in Unicode code points, as little-endian 32-bit numbers.
"""
import array, csv, glob, gzip, json, os, sys, zlib
from tokenizers import Tokenizer
shared, out = sys.argv[1:3]
data = os.path.join(shared, "data")

def texts():
    for line in gzip.open(f"{data}/udhr/udhr.jsonl.gz", "rt", encoding="utf-8", newline="\n"):
        yield from json.loads(line)["lines"]
    for path in sorted(glob.glob(f"{data}/ntrex128/f*/*.txt.gz")):
        yield from gzip.open(path, "rt", encoding="utf-8", newline="\n").read().split("\n")
    for path in sorted(glob.glob(f"{data}/xquad/*.json.gz")):
        for document in json.load(gzip.open(path, "rt", encoding="utf-8"))["data"]:
            for paragraph in document["paragraphs"]:
                yield paragraph["context"]
                for question in paragraph["qas"]: yield question["question"]
    for path in sorted(glob.glob(f"{data}/tatoeba/*.tsv")):
        for line in open(path, encoding="utf-8", newline="\n").read().split("\n"): yield from line.split("\t")

os.makedirs(out, exist_ok=True)
rows = list(texts())
with open(f"{out}/texts.jsonl", "w", encoding="utf-8") as f:
    for row in rows: f.write(json.dumps(row) + "\n")
print(len(rows), "texts", sum(map(len, rows)), "characters")
for folder in sorted(glob.glob(f"{shared}/golden/tokenizers/*/")):
    name = os.path.basename(folder.rstrip("/"))
    tokenizer = Tokenizer.from_str(gzip.open(f"{folder}/tokenizer.json.gz", "rt", encoding="utf-8").read())
    tokenizer.no_truncation(); tokenizer.no_padding()
    sums = array.array("I")
    for start in range(0, len(rows), 1000):
        for e in tokenizer.encode_batch(rows[start:start + 1000]):
            flat = [n for pair in e.offsets for n in pair]
            sums.append(zlib.crc32(array.array("i", flat).tobytes(), zlib.crc32(array.array("i", e.ids).tobytes())))
    open(f"{out}/{name}.crc", "wb").write(sums.tobytes())
    print(name, len(sums))
