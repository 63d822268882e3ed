"""
A BERT encoder as a published folder (config.json, model.safetensors) and as the graphs that ONNX Runtime runs: onnx/model.onnx
in f32, and onnx/model_quantized.onnx in 8 bits, as published models are quantized (weights and activations by tensor).

    pip install torch transformers onnx onnxruntime
    python encoder-onnx.py FOLDER MiniLM|base|tiny|MODEL-FOLDER

By name: random weights in the sizes of all-MiniLM-L6-v2, BERT-base and BERT-tiny.
"""
import sys
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertConfig, BertModel

SIZES = {"tiny": (2, 128, 2), "MiniLM": (6, 384, 12), "base": (12, 768, 12)}
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUT = "last_hidden_state"

folder, source = Path(sys.argv[1]), sys.argv[2]
torch.manual_seed(1234)
if source in SIZES:
    layers, width, heads = SIZES[source]
    config = BertConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, intermediate_size=4 * width
    )
    model = BertModel(config, add_pooling_layer=False)
else:
    model = BertModel.from_pretrained(source, add_pooling_layer=False)
model.eval().save_pretrained(folder)


class LastHiddenState(torch.nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, ids, mask, segments):
        return self.encoder(input_ids=ids, attention_mask=mask, token_type_ids=segments).last_hidden_state


ids = torch.randint(1000, 20000, (2, 16))
graph = folder / "onnx" / "model.onnx"
graph.parent.mkdir(exist_ok=True)
torch.onnx.export(
    LastHiddenState(model),
    (ids, torch.ones_like(ids), torch.zeros_like(ids)),
    str(graph),
    input_names=INPUTS,
    output_names=[OUTPUT],
    dynamic_axes={name: {0: "batch", 1: "length"} for name in [*INPUTS, OUTPUT]},
    opset_version=17,
    dynamo=False,
)
quantize_dynamic(str(graph), str(graph.with_name("model_quantized.onnx")), weight_type=QuantType.QInt8)
