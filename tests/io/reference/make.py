"""
Vectors of small sentence-transformers folders of every kind, as the library computes them.

    pip install torch transformers sentence-transformers safetensors      # versions used: see versions.json
    python3 tests/io/reference/make.py

Writes sentence-folders.json beside itself: for each folder its JSON files, the shapes of its tensors, texts and their
vectors. The transformer is that of tests/pipelines/reference/feature-extraction.json; weights are those of
tests/helpers/reference_weights.py.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import sentence_transformers
import torch
import transformers
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
PIPELINES = HERE.parent.parent / "pipelines" / "reference"
sys.path.insert(0, str(HERE.parent.parent / "helpers"))
from reference_weights import weight  # noqa: E402

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()

BODY = json.loads((PIPELINES / "feature-extraction.json").read_text())
TOKENIZER = json.loads((PIPELINES / "wordpiece.json").read_text())
CONFIG = {"model_max_length": 32, "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
          "tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": ["input_ids", "token_type_ids", "attention_mask"]}
WIDTH = 16
SCALE = BODY["scale"]
TEXTS = ["The cat sat on the mat.", "a dog [MASK]", "Anna's friends lived in New York, it was very good"]


def module(index, path, kind, prefix="sentence_transformers.models"):
    return {"idx": index, "name": str(index), "path": path, "type": f"{prefix}.{kind}"}


def folder(name, modules, files=None, tensors=None, body="", extra=None, texts=TEXTS, static=False, call=None, config=None, tokenizer=None):
    """One folder: `files` are JSON, `tensors` shapes (or lists of whole numbers) by file and name."""
    made = {"modules.json": modules} if modules is not None else {}
    if not static:
        made[f"{body}config.json"] = {**BODY["config"], **(config or {})}
    made[f"{body}tokenizer.json"] = tokenizer or TOKENIZER
    if not static:
        made[f"{body}tokenizer_config.json"] = CONFIG
    made.update(files or {})
    weights = {} if static else {f"{body}model.safetensors": BODY["shapes"]}
    weights.update(tensors or {})
    with tempfile.TemporaryDirectory() as root:
        path = pathlib.Path(root)
        for file, content in made.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_text(json.dumps(content))
        for file, shapes in weights.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            save_file({tensor: np.array(shape["integers"], dtype=np.int64) if isinstance(shape, dict) else weight(tensor, shape, SCALE)
                       for tensor, shape in shapes.items()}, path / file)
        model = sentence_transformers.SentenceTransformer(root, device="cpu")
        vectors = [model.encode(text, show_progress_bar=False, **(call or {})) for text in texts]
    # The tokenizer and the body's shapes are in other files already.
    kept = {file: content for file, content in made.items() if content is not TOKENIZER}
    return {"name": name, "body": body, "static": static, "files": kept, "tensors": tensors or {}, "texts": texts, "call": call or {},
            "vectors": [[float(f"{x:.9g}") for x in vector] for vector in vectors]}


T, P, N = (lambda path="": module(0, path, "Transformer")), (lambda index=1: module(index, f"{index}_Pooling", "Pooling")), (
    lambda index: module(index, f"{index}_Normalize", "Normalize"))
pooling = lambda *modes: {"word_embedding_dimension": WIDTH, **{f"pooling_mode_{mode}": True for mode in modes}}
mean = {"1_Pooling/config.json": pooling("mean_tokens")}
dense = lambda **more: {"in_features": WIDTH, "out_features": 5, "bias": True, **more}
D = lambda index=2: module(index, f"{index}_Dense", "Dense")
linear = lambda out=5, inner=WIDTH, bias=True: {"linear.weight": [out, inner], **({"linear.bias": [out]} if bias else {})}
VOCABULARY = len(TOKENIZER["model"]["vocab"])
CASED = {**TOKENIZER, "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": False}}
torch_nn = "torch.nn.modules"

folders = [
    folder("0_Transformer, as before version 2", [T("0_Transformer"), P()], mean, body="0_Transformer/"),
    folder("paths with a dot", [module(0, ".", "Transformer"), module(1, "./1_Pooling", "Pooling")], mean),
    folder("classes by their present names", [module(0, "", "Transformer", "sentence_transformers.base.modules.transformer"),
                                            module(1, "1_Pooling", "Pooling", "sentence_transformers.sentence_transformer.modules.pooling")],
           {"1_Pooling/config.json": {"embedding_dimension": WIDTH, "pooling_mode": "mean", "include_prompt": True}}),
    folder("two poolings by flags", [T(), P()], {"1_Pooling/config.json": pooling("mean_tokens", "cls_token")}),
    folder("three poolings by name", [T(), P()], {"1_Pooling/config.json": {"embedding_dimension": WIDTH, "pooling_mode": ["max", "lasttoken", "weightedmean"]}}),
    folder("no pooling asked for", [T(), P()], {"1_Pooling/config.json": {"word_embedding_dimension": WIDTH}}),
    folder("Dense with Tanh, as LaBSE", [T(), P(), D(), N(3)], {"1_Pooling/config.json": pooling("cls_token"),
           "2_Dense/config.json": dense(activation_function=f"{torch_nn}.activation.Tanh")}, {"2_Dense/model.safetensors": linear()}),
    folder("Dense without a word on activation and bias", [T(), P(), D()], {**mean, "2_Dense/config.json": {"in_features": WIDTH, "out_features": 5}},
           {"2_Dense/model.safetensors": linear()}),
    *[folder(f"Dense with {kind.split('.')[-1]}", [T(), P(), D()], {**mean, "2_Dense/config.json": dense(activation_function=f"{torch_nn}.{kind}", bias=False)},
             {"2_Dense/model.safetensors": linear(bias=False)})
      for kind in ("linear.Identity", "activation.Sigmoid", "activation.ReLU", "activation.GELU", "activation.SiLU")],
    folder("two Dense, the second residual", [T(), P(), D(), module(3, "3_Dense", "Dense")],
           {**mean, "2_Dense/config.json": dense(out_features=WIDTH, use_residual=True), "3_Dense/config.json": dense(use_residual=True)},
           {"2_Dense/model.safetensors": linear(WIDTH), "3_Dense/model.safetensors": {**linear(), "residual.weight": [5, WIDTH]}}),
    folder("Dropout, LayerNorm, Normalize", [T(), P(), module(2, "2_Dropout", "Dropout"), module(3, "3_LayerNorm", "LayerNorm"), N(4)],
           {**mean, "2_Dropout/config.json": {"dropout": 0.2}, "3_LayerNorm/config.json": {"dimension": WIDTH}},
           {"3_LayerNorm/model.safetensors": {"norm.weight": [WIDTH], "norm.bias": [WIDTH]}}),
    folder("Normalize before Dense", [T(), P(), N(2), D(3)], {**mean, "3_Dense/config.json": dense()}, {"3_Dense/model.safetensors": linear()}),
    *[folder(f"weighted layers, output_hidden_states {told}", [T(), module(1, "1_WeightedLayerPooling", "WeightedLayerPooling"), P(2)],
             {"1_WeightedLayerPooling/config.json": {"word_embedding_dimension": WIDTH, "layer_start": 1, "num_hidden_layers": 2},
              "2_Pooling/config.json": pooling("mean_tokens")}, {"1_WeightedLayerPooling/model.safetensors": {"layer_weights": [2]}},
             config={"output_hidden_states": told}) for told in (True, False)],
    folder("static embeddings", [module(0, "0_StaticEmbedding", "StaticEmbedding"), N(1)], {},
           {"0_StaticEmbedding/model.safetensors": {"embedding.weight": [VOCABULARY, 6]}}, body="0_StaticEmbedding/", static=True),
    folder("model2vec", [module(0, ".", "StaticEmbedding")], {"config.json": {"model_type": "model2vec", "architectures": ["StaticModel"], "hidden_dim": 6, "normalize": True}},
           {"model.safetensors": {"embeddings": [VOCABULARY, 6]}}, static=True),
    folder("model2vec with shared and weighted rows", [module(0, ".", "StaticEmbedding"), N(1)], {"config.json": {"model_type": "model2vec"}},
           {"model.safetensors": {"embeddings": [9, 6], "mapping": {"integers": [i % 9 for i in range(VOCABULARY)]}, "weights": [VOCABULARY]}}, static=True),
    folder("truncate_dim", [T(), P(), N(2)], {**mean, "config_sentence_transformers.json": {"truncate_dim": 4, "prompts": {"query": None}}}),
    folder("a prompt that does not count", [T(), P()], {"1_Pooling/config.json": {**pooling("mean_tokens"), "include_prompt": False},
           "config_sentence_transformers.json": {"prompts": {"query": "who was "}, "default_prompt_name": "query"}}),
    folder("do_lower_case with a tokenizer that keeps the case", [T(), P()], {**mean, "sentence_bert_config.json": {"max_seq_length": 32, "do_lower_case": True}}, tokenizer=CASED),
    folder("tokenizer_args", [T(), P()], {**mean, "sentence_bert_config.json": {"max_seq_length": 32, "tokenizer_args": {"do_lower_case": False}}}),
    folder("processor_kwargs", [T(), P()], {**mean, "sentence_bert_config.json": {"processor_kwargs": {"truncation_side": "left", "model_max_length": 5}}}),
    *[folder(f"longest: {what}", [T(), P()], {**mean, **files}) for what, files in {
        "max_seq_length": {"sentence_bert_config.json": {"max_seq_length": 6, "do_lower_case": False}},
        "max_seq_length of null": {"sentence_bert_config.json": {"max_seq_length": None}, "tokenizer_config.json": {**CONFIG, "model_max_length": 7}},
        "max_seq_length above the tokenizer's": {"sentence_bert_config.json": {"max_seq_length": 12}, "tokenizer_config.json": {**CONFIG, "model_max_length": 7}},
        "the tokenizer's": {"tokenizer_config.json": {**CONFIG, "model_max_length": 7}},
        "the tokenizer's without bound": {"tokenizer_config.json": {**CONFIG, "model_max_length": 1000000000000000019884624838656}},
        "sentence_roberta_config.json": {"sentence_roberta_config.json": {"max_seq_length": 6}},
        "sentence_xlm-roberta_config.json": {"sentence_xlm-roberta_config.json": {"max_seq_length": 6}},
        "processing_kwargs": {"sentence_bert_config.json": {"max_seq_length": 12, "processing_kwargs": {"text": {"max_length": 6, "truncation": True}}}},
        "processor_kwargs": {"sentence_bert_config.json": {"max_seq_length": 12, "processor_kwargs": {"model_max_length": 8}}},
        "tokenizer_args": {"sentence_bert_config.json": {"max_seq_length": 12, "tokenizer_args": {"model_max_length": 8}}},
    }.items()],
]
(HERE / "sentence-folders.json").write_text(json.dumps(folders, ensure_ascii=False, separators=(",", ":")) + "\n")
(HERE / "versions.json").write_text(json.dumps({one.__name__: one.__version__ for one in (torch, transformers, sentence_transformers)}) + "\n")
print(len(folders), "folders")
