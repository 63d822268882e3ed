"""Load the folders that save.ts wrote with PyTorch and compare: no missing or unexpected name, the same token ids, the
same scores within 2e-5 absolute plus 2e-5 relative.

    node scripts/run.mjs tests/pytorch/save.ts OUT && python3 tests/pytorch/check.py OUT
    needs: pip install torch transformers sentence-transformers safetensors
"""
import json
import pathlib
import sys

import numpy as np
import torch
import transformers
from safetensors.numpy import load_file

TOLERANCE = 2e-5
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
out = pathlib.Path(sys.argv[1])
texts = json.loads((out / "texts.json").read_text())


def share(got, want):
    """The largest error as a share of the bound."""
    assert got.shape == want.shape, f"shapes {got.shape} and {want.shape}"
    return float(np.max(np.abs(got - want) / (TOLERANCE + TOLERANCE * np.abs(want)))) if got.size else 0.0


def check_scores(path, expected):
    config = transformers.AutoConfig.from_pretrained(path)
    cls = getattr(transformers, config.architectures[0])
    model, info = cls.from_pretrained(path, output_loading_info=True)
    problems = [f"{kind}: {sorted(names)}" for kind, names in info.items() if names and kind != "error_msgs"]
    # A bare model that was never given a pooler is saved without one; the reference makes up one that no score needs.
    problems = [p for p in problems if not (path.name.endswith("-feature-extraction") and p.startswith("missing_keys: ['pooler."))]
    # Untied, the reference keeps a second output bias that it does not compute with.
    if not config.tie_word_embeddings:
        problems = [p for p in problems if p != "missing_keys: ['cls.predictions.bias']"]
    model.eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    starts = expected["starts"].astype(int)
    worst = 0.0
    for row, (text, pair) in enumerate(texts):
        begin, end = starts[row], starts[row + 1]
        inputs = tokenizer(text, pair, truncation=True, return_tensors="pt")
        for name, key in (("ids", "input_ids"), ("segments", "token_type_ids")):
            ours = expected[name][begin:end].astype(int).tolist()
            if key not in inputs and key == "token_type_ids":
                continue
            if inputs[key][0].tolist() != ours:
                problems.append(f"row {row}: {key} {inputs[key][0].tolist()} != {ours}")
                return worst, problems
        # Families without segments take no segments, or know one kind of them only.
        if "token_type_ids" in inputs and getattr(config, "type_vocab_size", 0) < 2:
            del inputs["token_type_ids"]
        if config.is_encoder_decoder and not path.name.endswith("-sequence-classification"):
            inputs = {"input_ids": inputs["input_ids"], "labels": inputs["input_ids"]}
        with torch.no_grad():
            result = model(**inputs)
        if "start_logits" in result:
            result["span_logits"] = torch.stack([result["start_logits"], result["end_logits"]], -1)
        for name, want in expected.items():
            if not name.startswith("scores."):
                continue
            got = result[name[7:]][0].numpy()
            if want.shape[-1] == 1 and got.ndim == 1 and len(want) != len(texts):
                want = want[:, 0]
            by_row = want.shape[0] == len(texts) and got.ndim == 1
            worst = max(worst, share(got, want[row] if by_row else want[begin:end]))
    return worst, problems


def check_sentences(path, expected):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(path), device="cpu")
    got = model.encode([text for text, _ in texts], batch_size=1)
    return share(got, expected["scores.sentence_embedding"]), []


failed = 0
folders = sorted(p for p in out.iterdir() if p.is_dir() and not p.name.startswith("."))
for path in folders:
    expected = load_file(out / f"{path.name}.expected.safetensors")
    check = check_sentences if path.name.startswith("sentence-") else check_scores
    worst, problems = check(path, expected)
    good = worst <= 1 and not problems
    failed += not good
    print(f"{path.name:24} {'ok  ' if good else 'FAIL'} {worst:.3f} of the bound  {'; '.join(problems)}")
print(f"{len(folders) - failed} passed, {failed} failed (torch {torch.__version__}, transformers {transformers.__version__})")
sys.exit(failed > 0 or not folders)
