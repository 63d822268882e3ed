"""
GPT-2 small with random weights, as a published folder (config.json, model.safetensors) and as the graphs that transformers.js
runs: onnx/model.onnx in f32, with past keys and values as Optimum names them, and onnx/model_quantized.onnx in 8 bits.

    pip install torch transformers onnx onnxruntime
    python gpt2-onnx.py FOLDER
"""
import sys
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper, save
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import GPT2Config, GPT2LMHeadModel

FOLDER = Path(sys.argv[1])
torch.manual_seed(1234)
config = GPT2Config()
model = GPT2LMHeadModel(config).eval()
# As wide as those of trained models: with the initial deviation every text repeats its last token.
with torch.no_grad():
    model.transformer.wte.weight.mul_(5)
model.generation_config.eos_token_id = None
model.save_pretrained(FOLDER)

weights = {name: tensor.detach().numpy() for name, tensor in model.transformer.named_parameters()}
HEADS, WIDTH = config.n_head, config.n_embd
DIM = WIDTH // HEADS
nodes, initializers, names = [], [], iter(range(10**6))


def constant(values, name=None):
    name = name or f"constant_{next(names)}"
    initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


def op(kind, *inputs, outputs=1, **attributes):
    made = [f"{kind}_{next(names)}" for _ in range(outputs)]
    nodes.append(helper.make_node(kind, list(inputs), made, **attributes))
    return made[0] if outputs == 1 else made


def number(value):
    return constant(np.float32(value))


def whole(*values):
    return constant(np.array(values, dtype=np.int64))


def norm(x, name):
    parts = constant(weights[f"{name}.weight"]), constant(weights[f"{name}.bias"])
    return op("LayerNormalization", x, *parts, axis=-1, epsilon=config.layer_norm_epsilon)


def linear(x, name):
    product = op("MatMul", x, constant(weights[f"{name}.weight"]))
    return op("Add", product, constant(weights[f"{name}.bias"]))


def heads(x):
    return op("Transpose", op("Reshape", x, whole(0, 0, HEADS, DIM)), perm=[0, 2, 1, 3])


def gelu(x):
    """gelu_new, as exporters write it."""
    cubed = op("Mul", op("Pow", x, number(3)), number(0.044715))
    inner = op("Mul", op("Add", x, cubed), number(np.sqrt(2 / np.pi)))
    return op("Mul", op("Mul", x, number(0.5)), op("Add", op("Tanh", inner), number(1)))


def visible(ids, past):
    """0 where a query sees a key, a large negative number where not: (1, 1, queries, keys)."""
    queries = op("Gather", op("Shape", ids), whole(1))
    before = op("Gather", op("Shape", past), whole(2))
    keys = op("Add", queries, before)
    ones = op("ConstantOfShape", op("Concat", queries, keys, axis=0), value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1]))
    first = op("Squeeze", op("Add", before, whole(1)))
    later = op("Trilu", ones, first, upper=1)
    return op("Unsqueeze", op("Mul", later, number(-1e9)), whole(0, 1))


def attention(x, layer, mask):
    projected = linear(x, f"h.{layer}.attn.c_attn")
    query, key, value = (heads(part) for part in op("Split", projected, whole(WIDTH, WIDTH, WIDTH), outputs=3, axis=-1))
    keys = op("Concat", f"past_key_values.{layer}.key", key, axis=2)
    values = op("Concat", f"past_key_values.{layer}.value", value, axis=2)
    for kind, kept in (("key", keys), ("value", values)):
        nodes.append(helper.make_node("Identity", [kept], [f"present.{layer}.{kind}"]))
    scores = op("MatMul", query, op("Transpose", keys, perm=[0, 1, 3, 2]))
    scores = op("Add", op("Div", scores, number(np.sqrt(DIM))), mask)
    mixed = op("MatMul", op("Softmax", scores, axis=-1), values)
    joined = op("Reshape", op("Transpose", mixed, perm=[0, 2, 1, 3]), whole(0, 0, WIDTH))
    return linear(joined, f"h.{layer}.attn.c_proj")


table = constant(weights["wte.weight"], "wte")
x = op("Add", op("Gather", table, "input_ids"), op("Gather", constant(weights["wpe.weight"]), "position_ids"))
mask = visible("input_ids", "past_key_values.0.key")
for layer in range(config.n_layer):
    x = op("Add", x, attention(norm(x, f"h.{layer}.ln_1"), layer, mask))
    hidden = gelu(linear(norm(x, f"h.{layer}.ln_2"), f"h.{layer}.mlp.c_fc"))
    x = op("Add", x, linear(hidden, f"h.{layer}.mlp.c_proj"))
scores = op("MatMul", norm(x, "ln_f"), constant(weights["wte.weight"].T))
nodes.append(helper.make_node("Identity", [scores], ["logits"]))

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64
inputs = [
    helper.make_tensor_value_info("input_ids", INT, ["batch", "queries"]),
    helper.make_tensor_value_info("attention_mask", INT, ["batch", "keys"]),
    helper.make_tensor_value_info("position_ids", INT, ["batch", "queries"]),
]
outputs = [helper.make_tensor_value_info("logits", FLOAT, ["batch", "queries", config.vocab_size])]
for layer in range(config.n_layer):
    for kind in ("key", "value"):
        for prefix, length, of in (("past_key_values", "past", inputs), ("present", "keys", outputs)):
            of.append(helper.make_tensor_value_info(f"{prefix}.{layer}.{kind}", FLOAT, ["batch", HEADS, length, DIM]))
graph = helper.make_graph(nodes, "gpt2", inputs, outputs, initializers)
(FOLDER / "onnx").mkdir(exist_ok=True)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), FOLDER / "onnx/model.onnx")

# The graph gives the model's scores, all at once and token by token.
from onnx.reference import ReferenceEvaluator  # noqa: E402

ids = np.array([[464, 5417, 373, 6450, 290]], dtype=np.int64)
want = model(torch.from_numpy(ids)).logits.detach().numpy()
session = ReferenceEvaluator(str(FOLDER / "onnx/model.onnx"))
past = {f"past_key_values.{i}.{kind}": np.zeros((1, HEADS, 0, DIM), np.float32) for i in range(config.n_layer) for kind in ("key", "value")}
done = 0
for count in (3, 1, 1):
    feeds = {
        "input_ids": ids[:, done : done + count],
        "attention_mask": np.ones((1, done + count), np.int64),
        "position_ids": np.arange(done, done + count, dtype=np.int64)[None],
    }
    got, *present = session.run(None, feeds | past)
    past = dict(zip(past, present))
    error = np.abs(got - want[:, done : done + count]).max()
    assert error < 1e-3 * np.abs(want).max(), error
    done += count
quantize_dynamic(str(FOLDER / "onnx/model.onnx"), str(FOLDER / "onnx/model_quantized.onnx"), weight_type=QuantType.QInt8)
print(f"{FOLDER}: the graph differs by at most {error:.1e} from the model")
