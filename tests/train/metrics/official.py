"""Score the hand-made cases of official.json with the official scripts, and write the figures beside them.

    python3 tests/train/metrics/official.py FOLDER
    needs: pip install nltk, and in FOLDER the files
      evaluate-v1.1.py        SQuAD 1.1's script
      evaluate-v2.0.py        SQuAD 2.0's script
      mlqa_evaluation_v1.py   facebookresearch/MLQA
      cmrc2018_evaluate.py    ymcui/cmrc2018, squad-style-data (Python 2: what Python 3 has no word for is replaced)
"""
import json
import pathlib
import sys
import types

from nltk.tokenize import NLTKWordTokenizer

folder = pathlib.Path(sys.argv[1])
fixture = pathlib.Path(__file__).with_name("official.json")


def script(name, replaced=()):
    source = (folder / name).read_text()
    for old, new in replaced:
        source = source.replace(old, new)
    module = types.ModuleType(name)
    module.__dict__["__name__"] = name
    exec(compile(source, name, "exec"), module.__dict__)
    return module


squad1 = script("evaluate-v1.1.py")
squad2 = script("evaluate-v2.0.py")
mlqa = script("mlqa_evaluation_v1.py")
python2 = [("reload(sys)", ""), ("sys.setdefaultencoding('utf8')", ""), ("import nltk", ""), (".decode('utf-8')", ""), ("ur'", "r'")]
cmrc = script("cmrc2018_evaluate.py", python2)
# An answer is one sentence: word_tokenize without looking for ends of sentences, which needs a model of its own.
cmrc.nltk = types.SimpleNamespace(word_tokenize=NLTKWordTokenizer().tokenize)


def scores(name, predicted, gold):
    kind, _, language = name.partition(" ")
    if kind == "squad-1.1":
        best = lambda score: squad1.metric_max_over_ground_truths(score, predicted, gold)
        return best(squad1.exact_match_score), best(squad1.f1_score)
    if kind == "squad-2.0":
        question = {"id": "0", "answers": [{"text": answer} for answer in gold]}
        exact, f1 = squad2.get_raw_scores([{"paragraphs": [{"qas": [question]}]}], {"0": predicted})
        return exact["0"], f1["0"]
    if kind == "mlqa":
        best = lambda score: mlqa.metric_max_over_ground_truths(score, predicted, gold, language)
        return best(mlqa.exact_match_score), best(mlqa.f1_score)
    return cmrc.calc_em_score(gold, predicted), cmrc.calc_f1_score(gold, predicted)


cases = json.loads(fixture.read_text())
lines = []
for name, own in cases.items():
    rows = [[case[0], case[1], *(float(score) for score in scores(name, case[0], case[1]))] for case in own]
    body = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in rows)
    lines.append(f"  {json.dumps(name)}: [\n{body}\n  ]")
fixture.write_text("{\n" + ",\n".join(lines) + "\n}\n")
