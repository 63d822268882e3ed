"""
Entities and scores of tag sequences as seqeval computes them, for entities.test.ts.

    pip install seqeval          # version used: 1.2.2
    python3 tests/train/metrics/entities.py

Sequences are random: of every scheme, in its default mode with tags in any order, and strictly.
"""
import json
import pathlib
import random
import warnings

from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, IOE1, IOE2, Entities

warnings.filterwarnings("ignore")
random.seed(7)
PREFIXES = {"IOB1": "IB", "IOB2": "BI", "IOE1": "IE", "IOE2": "IE", "IOBES": "BIES", "BILOU": "BILU"}
SCHEMES = {"IOB1": IOB1, "IOB2": IOB2, "IOE1": IOE1, "IOE2": IOE2, "IOBES": IOBES, "BILOU": BILOU}
TYPES = ["PER", "geo-loc"]


def row(prefixes, length):
    return ["O" if random.random() < 0.3 else f"{random.choice(prefixes)}-{random.choice(TYPES)}" for _ in range(length)]


def scored(gold, predicted, **mode):
    return [score(gold, predicted, zero_division=0, **mode) for score in (precision_score, recall_score, f1_score)]


made = []
for scheme, prefixes in PREFIXES.items():
    gold = [row(prefixes, random.randint(1, 12)) for _ in range(12)]
    predicted = [[tag if random.random() < 0.8 else random.choice(row(prefixes, 1)) for tag in tags] for tags in gold]
    strict = [sorted([e.tag, e.start, e.end] for e in tags) for tags in Entities(gold, SCHEMES[scheme]).entities]
    entry = {"scheme": scheme, "gold": gold, "predicted": predicted, "strict": strict,
             "strict_scores": scored(gold, predicted, mode="strict", scheme=SCHEMES[scheme])}
    # L and U are unknown to the default mode, which loses entities of BILOU.
    if scheme != "BILOU":
        entry["lenient"] = [sorted([kind, begin, end + 1] for kind, begin, end in get_entities(tags)) for tags in gold]
        entry["lenient_scores"] = scored(gold, predicted)
    made.append(entry)
path = pathlib.Path(__file__).parent / "seqeval.json"
path.write_text(json.dumps(made, separators=(",", ":")) + "\n")
