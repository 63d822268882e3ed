"""
An encoder-decoder with random weights, as a published folder (config.json, model.safetensors) and as the graphs that
transformers.js runs: onnx/encoder_model.onnx and onnx/decoder_model_merged.onnx in f32, exported by Optimum, and the same names
with `_quantized` in 8 bits. `bart` has the sizes of bart-base, `marian` those of the OPUS-MT models.

    pip install "optimum-onnx[onnxruntime]"
    python seq2seq-onnx.py bart|marian FOLDER
"""
import sys
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from optimum.exporters.onnx import main_export
from transformers import BartConfig, BartForConditionalGeneration, MarianConfig, MarianMTModel

kind, folder = sys.argv[1], Path(sys.argv[2])
torch.manual_seed(7)


def stacks(layers, heads, inner):
    sizes = {"layers": layers, "attention_heads": heads, "ffn_dim": inner}
    return {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in sizes.items()}


def bart():
    return BartForConditionalGeneration(BartConfig(vocab_size=50265, d_model=768, **stacks(6, 12, 3072)))


def marian():
    ids = {"pad_token_id": 58100, "decoder_start_token_id": 58100, "eos_token_id": 0, "bos_token_id": 0}
    config = MarianConfig(
        vocab_size=58101,
        d_model=512,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        static_position_embeddings=True,
        num_hidden_layers=6,
        **stacks(6, 8, 2048),
        **ids,
    )
    return MarianMTModel(config)


model = {"bart": bart, "marian": marian}[kind]().eval()
# Plain greedy search. With random weights every text repeats one token; the work is the same.
model.config.forced_eos_token_id = None
for field, value in {"forced_eos_token_id": None, "forced_bos_token_id": None, "num_beams": 1, "bad_words_ids": None}.items():
    setattr(model.generation_config, field, value)
model.generation_config.no_repeat_ngram_size = model.generation_config.early_stopping = None
model.save_pretrained(folder)

graphs = folder / "onnx"
main_export(str(folder), output=graphs, task="text2text-generation-with-past")
for part in ("encoder_model", "decoder_model_merged"):
    # The weights of the merged decoder are in its branches.
    subgraphs = {"EnableSubgraph": True}
    quantize_dynamic(graphs / f"{part}.onnx", graphs / f"{part}_quantized.onnx", weight_type=QuantType.QInt8, extra_options=subgraphs)
for part in ("decoder_model", "decoder_with_past_model"):
    (graphs / f"{part}.onnx").unlink()
