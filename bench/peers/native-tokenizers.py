"""Speed of the native library: python native-tokenizers.py TOKENIZERS TEXTS.json SECONDS NAME…, a JSON line each."""
import gzip, json, os, sys, time
os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer
folder, texts, seconds, *names = sys.argv[1:]
texts = json.load(open(texts, encoding="utf-8"))
for name in names:
    tokenizer = Tokenizer.from_str(gzip.open(f"{folder}/{name}/tokenizer.json.gz", "rt", encoding="utf-8").read())
    for text, rows in texts.items():
        size, best, spent = sum(len(row.encode()) for row in rows), float("inf"), 0
        while spent < float(seconds):
            begin = time.perf_counter()
            tokenizer.encode_batch(rows)
            took = time.perf_counter() - begin
            best, spent = min(best, took), spent + took
        print(json.dumps({"name": name, "text": text, "mb_per_s": size / best / 1e6}), flush=True)
