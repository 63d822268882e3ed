"""
Reference results for tests/models/golden.test.ts, from PyTorch and Hugging Face transformers.

    pip install torch transformers safetensors
    python tests/models/golden/make.py [CASE...]      # writes the folders beside this script

A case is a model with small random weights, as its library saves it, and what it computes on three right-padded rows:
hidden states, attentions, logits, loss, gradients, and the losses and weights of five AdamW steps. `index.json` has the
versions. Everything is float32 on the CPU, without dropout.
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
VOCABULARY = 29
ROWS = (9, 6, 3)

SIZES = dict(vocab_size=VOCABULARY, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=20,
             max_position_embeddings=24, initializer_range=0.2, pad_token_id=0)
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
BERT = dict(SIZES, **NO_DROPOUT, type_vocab_size=2)
ROTARY = dict(BERT, rope_parameters={"rope_type": "default", "rope_theta": 61.0})
ROBERTA = dict(SIZES, **NO_DROPOUT, type_vocab_size=1)
JINA = dict(ROTARY, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2)
ROBERTA.update(pad_token_id=1, bos_token_id=0, eos_token_id=2)
DEBERTA = dict(SIZES, **NO_DROPOUT, type_vocab_size=0, pooler_dropout=0.0, pos_att_type=["c2p", "p2c"], position_buckets=4)
T5 = dict(vocab_size=VOCABULARY, d_model=16, d_kv=4, d_ff=20, num_layers=2, num_decoder_layers=3, num_heads=4,
          relative_attention_num_buckets=8, relative_attention_max_distance=6, dropout_rate=0.0, pad_token_id=0,
          eos_token_id=1, decoder_start_token_id=0)
EURO = dict(SIZES, num_key_value_heads=2, rope_parameters={"rope_type": "default", "rope_theta": 97.0}, mask_token_id=4,
            bos_token_id=2, eos_token_id=3)


def cases():
    """In this order, which the seeds depend on: new ones come last."""
    T = transformers
    return {
        "eurobert-masked-lm": (T.EuroBertForMaskedLM, T.EuroBertConfig(**EURO), "masked"),
        "eurobert-biases-tied-masked-lm": (
            T.EuroBertForMaskedLM,
            T.EuroBertConfig(**EURO, attention_bias=True, mlp_bias=True, tie_word_embeddings=True, head_dim=6),
            "masked",
        ),
        "eurobert-late-sequence-classification": (
            T.EuroBertForSequenceClassification, T.EuroBertConfig(**EURO, num_labels=3), "sequence"),
        "eurobert-mean-sequence-classification": (
            T.EuroBertForSequenceClassification, T.EuroBertConfig(**EURO, num_labels=3, classifier_pooling="mean"), "sequence"),
        "eurobert-token-classification": (
            T.EuroBertForTokenClassification, T.EuroBertConfig(**EURO, num_labels=4), "token"),
        "nomic-bert-masked-lm": (T.NomicBertForMaskedLM, T.NomicBertConfig(**ROTARY), "masked"),
        "nomic-bert-sequence-classification": (
            T.NomicBertForSequenceClassification, T.NomicBertConfig(**ROTARY, num_labels=3), "sequence"),
        "gte-masked-lm": (T.GteForMaskedLM, T.GteConfig(**dict(ROTARY, type_vocab_size=0, hidden_act="gelu")), "masked"),
        "gte-token-classification": (
            T.GteForTokenClassification, T.GteConfig(**dict(ROTARY, type_vocab_size=1), num_labels=4), "token"),
        "camembert-masked-lm": (T.CamembertForMaskedLM, T.CamembertConfig(**ROBERTA), "masked"),
        "roberta-untied-masked-lm": (
            T.RobertaForMaskedLM, T.RobertaConfig(**ROBERTA, tie_word_embeddings=False), "masked"),
        "roberta-padding-in-text-masked-lm": (T.RobertaForMaskedLM, T.RobertaConfig(**ROBERTA), "padding"),
        "mpnet-untied-padding-in-text-masked-lm": (
            T.MPNetForMaskedLM, T.MPNetConfig(**ROBERTA, tie_word_embeddings=False), "padding"),
        "deberta-no-relative-attention-masked-lm": (
            T.DebertaV2ForMaskedLM, T.DebertaV2Config(**DEBERTA, relative_attention=False), "masked"),
        "deberta-no-terms-sequence-classification": (
            T.DebertaV2ForSequenceClassification,
            T.DebertaV2Config(**dict(DEBERTA, pos_att_type=[]), relative_attention=True, norm_rel_ebd="layer_norm", num_labels=3),
            "sequence"),
        "mt5-conditional-generation": (T.MT5ForConditionalGeneration, T.MT5Config(**T5), "seq2seq"),
        "umt5-conditional-generation": (T.UMT5ForConditionalGeneration, T.UMT5Config(**T5), "seq2seq"),
        "umt5-unscaled-conditional-generation": (
            T.UMT5ForConditionalGeneration, T.UMT5Config(**T5, tie_word_embeddings=False), "seq2seq"),
        "bert-multi-label-classification": (
            T.BertForSequenceClassification,
            T.BertConfig(**BERT, num_labels=4, problem_type="multi_label_classification"), "multi-label"),
        "jina-embeddings-v3-masked-lm": (T.JinaEmbeddingsV3ForMaskedLM, T.JinaEmbeddingsV3Config(**JINA), "masked"),
        "jina-embeddings-v3-sequence-classification": (
            T.JinaEmbeddingsV3ForSequenceClassification, T.JinaEmbeddingsV3Config(**JINA, num_labels=3), "sequence"),
    }


def inputs_of(kind, config, generator):
    width = max(ROWS)
    ids = torch.full((len(ROWS), width), config.pad_token_id)
    mask = torch.zeros(len(ROWS), width, dtype=torch.long)
    for row, length in enumerate(ROWS):
        ids[row, :length] = torch.randint(5, VOCABULARY, (length,), generator=generator)
        mask[row, :length] = 1
    inputs = {"input_ids": ids, "attention_mask": mask}
    if getattr(config, "type_vocab_size", 0) == 2:
        types = torch.zeros_like(ids)
        for row, length in enumerate(ROWS):
            types[row, length // 2 : length] = 1
        inputs["token_type_ids"] = types
    if kind == "padding":  # the padding token as a part of the texts, which attention sees
        ids[0, 2] = ids[0, 5] = ids[1, 0] = config.pad_token_id
    if kind == "seq2seq":
        target = torch.randint(5, VOCABULARY, (len(ROWS), 6), generator=generator)
        for row, length in enumerate((6, 4, 2)):
            target[row, length:] = -100
        inputs["labels"] = target
    elif kind == "multi-label":
        inputs["labels"] = torch.randint(0, 2, (len(ROWS), config.num_labels), generator=generator).float()
    elif kind == "sequence":
        inputs["labels"] = torch.randint(0, config.num_labels, (len(ROWS),), generator=generator)
    else:
        classes = config.num_labels if kind == "token" else VOCABULARY
        labels = torch.randint(0, classes, ids.shape, generator=generator)
        kept = (torch.rand(ids.shape, generator=generator) < 0.5) & mask.bool()
        kept[:, 1] = True
        inputs["labels"] = torch.where(kept, labels, torch.full_like(labels, -100))
    return inputs


def outputs_of(model, inputs):
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True, output_attentions=True)
    tensors = {}
    for name, value in result.items():
        if name == "past_key_values":
            continue
        if torch.is_tensor(value):
            tensors[f"output.{name}"] = value.clone()
        elif isinstance(value, tuple):
            for i, entry in enumerate(value):
                tensors[f"output.{name}.{i}"] = entry.clone()
    return sorted(result.keys()), tensors


def parameters_of(model, saved):
    """Parameters by the names that the file has: tied ones have several, and the library may list another first."""
    return {n: p for n, p in model.named_parameters(remove_duplicate=False) if n in saved}


def train(model, saved, inputs, tensors):
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for step in range(5):
        optimizer.zero_grad()
        loss = model(**inputs).loss
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            tensors.update({f"grad.{n}": p.grad.clone() for n, p in parameters_of(model, saved).items() if p.grad is not None})
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    tensors.update({f"after.{n}": p.detach().clone() for n, p in parameters_of(model, saved).items()})
    return losses


def save_as_authors(model, folder):
    """The same weights under the names that the authors of the model publish, where transformers renames them."""
    scratch = folder / "authors"
    model.save_pretrained(scratch)
    own, theirs = (set(load_file(place / "model.safetensors")) for place in (folder, scratch))
    if own != theirs:
        (scratch / "model.safetensors").rename(folder / "authors.safetensors")
    shutil.rmtree(scratch)


def make(name, number, Model, config, kind):
    torch.manual_seed(100 + number)
    generator = torch.Generator().manual_seed(200 + number)
    config._attn_implementation = "eager"
    model = Model(config)
    with torch.no_grad():  # no exact zeros and ones in biases and norms
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    model.eval()
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model.save_pretrained(folder, save_original_format=False)
    save_as_authors(model, folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    inputs = inputs_of(kind, config, generator)
    outputs, tensors = outputs_of(model, inputs)
    tensors.update({f"input.{n}": value.clone() for n, value in inputs.items()})
    losses = train(model, set(load_file(folder / "model.safetensors")), inputs, tensors)
    save_file({n: value.contiguous() for n, value in tensors.items()}, folder / "expected.safetensors")
    note = {"class": Model.__name__, "kind": kind, "inputs": sorted(inputs), "outputs": outputs, "losses": losses}
    (folder / "expected.json").write_text(json.dumps(note, indent=1) + "\n")
    print(name, [round(loss, 4) for loss in losses], sorted(load_file(folder / "model.safetensors"))[:2])


if __name__ == "__main__":
    chosen = sys.argv[1:]
    for number, (name, (Model, config, kind)) in enumerate(cases().items()):
        if not chosen or name in chosen:
            make(name, number, Model, config, kind)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    (HERE / "index.json").write_text(json.dumps(versions, indent=1) + "\n")
