"""
Write rules.json: what transformers' logits processors make of rows of scores, for settings of generation_config.json drawn
with a fixed seed.

    pip install torch transformers==5.24.0 && python3 tests/generate/reference/make.py

Each case: settings, prompt, source (of an encoder-decoder; a decoder's is its prompt), the ids written so far, scores before
and after; null stands for minus infinity. Scores are drawn far enough apart that no rounding decides what is kept.
"""
import json, math, pathlib, random, sys
import torch, transformers
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig, GPT2Config, GPT2LMHeadModel

transformers.logging.set_verbosity_error()
HERE = pathlib.Path(__file__).parent
R = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 14)
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 150
SIZE = 12
GPT = GPT2LMHeadModel(GPT2Config(vocab_size=SIZE, n_embd=4, n_head=1, n_layer=1, n_positions=64))
BART = BartForConditionalGeneration(BartConfig(vocab_size=SIZE, d_model=4, encoder_layers=1, decoder_layers=1, encoder_attention_heads=1,
                                               decoder_attention_heads=1, encoder_ffn_dim=4, decoder_ffn_dim=4, max_position_embeddings=64))
ids = lambda least, most: [R.randrange(SIZE) for _ in range(R.randint(least, most))]
FIELDS = {
    "sequence_bias": lambda: [[list(key), R.choice([2.5, -1.5])] for key in {tuple(ids(1, 3)) for _ in range(2)}],
    "encoder_repetition_penalty": lambda: R.choice([1.5, 0.5]),
    "repetition_penalty": lambda: R.choice([1.5, 0.5]),
    "no_repeat_ngram_size": lambda: R.randint(1, 3),
    "encoder_no_repeat_ngram_size": lambda: R.randint(1, 3),
    "bad_words_ids": lambda: [ids(1, 3) for _ in range(2)],
    "min_length": lambda: R.randint(1, 9),
    "min_new_tokens": lambda: R.randint(1, 6),
    "forced_bos_token_id": lambda: R.randrange(SIZE),
    "forced_eos_token_id": lambda: R.randrange(SIZE),
    "remove_invalid_values": lambda: True,
    "exponential_decay_length_penalty": lambda: [R.randint(0, 4), R.choice([1.5, 0.5])],
    "suppress_tokens": lambda: ids(1, 3),
    "begin_suppress_tokens": lambda: ids(1, 3),
    "renormalize_logits": lambda: True,
}
SAMPLING = {
    "temperature": lambda: R.choice([0.5, 2.0]), "top_h": lambda: R.choice([0.2, 0.5, 0.9]), "top_k": lambda: R.randint(0, 15),
    "top_p": lambda: R.choice([0.0, 0.3, 0.6, 0.95]), "min_p": lambda: R.choice([0.05, 0.3]), "typical_p": lambda: R.choice([0.2, 0.5, 0.9]),
    "epsilon_cutoff": lambda: R.choice([0.02, 0.2, 0.6]), "eta_cutoff": lambda: R.choice([0.02, 0.2, 0.6]),
}


def drawn():
    """One case, or None where the library refuses the settings."""
    model = R.choice([GPT, BART])
    # Few at a time: many would leave nothing to compare.
    settings = {"eos_token_id": R.choice([0, [0, 3]]), **{field: FIELDS[field]() for field in R.sample(sorted(FIELDS), R.randint(0, 3))}}
    if R.random() < 0.6:
        settings.update({"do_sample": True, "top_k": 0, **{field: SAMPLING[field]() for field in R.sample(sorted(SAMPLING), R.randint(1, 2))}})
    prompt, source = (ids(1, 5), None) if model is GPT else ([2], ids(1, 5))
    written = [*prompt, *ids(0, 6)]
    settings["max_new_tokens"] = R.randint(1, 8)
    scores = [R.choice([-1, 1]) * (0.1 + i * 0.37 + R.random() * 0.2) for i in range(SIZE)]
    R.shuffle(scores)
    config = GenerationConfig(**{field: value for field, value in settings.items() if field != "suppress_tokens"})
    config.suppress_tokens = settings.get("suppress_tokens")
    config.max_length = len(prompt) + settings["max_new_tokens"]
    config._eos_token_tensor = torch.tensor([settings["eos_token_id"]]).flatten()
    try:
        processors = model._get_logits_processor(config, input_ids_seq_length=len(prompt), encoder_input_ids=torch.tensor([source or prompt]))
        out = processors(torch.tensor([written]), torch.tensor([scores], dtype=torch.float32))[0].tolist()
    except ValueError as error:
        print(settings, error)
        return None
    assert not any(math.isnan(x) for x in out)
    return {"settings": settings, "prompt": len(prompt), "source": source or prompt, "written": written,
            "scores": [float(f"{x:.9g}") for x in torch.tensor(scores).tolist()], "after": [None if x == -math.inf else float(f"{x:.9g}") for x in out]}


cases = [case for case in (drawn() for _ in range(COUNT)) if case]
place = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else HERE / "rules.json"
place.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases")
