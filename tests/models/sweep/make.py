"""
What each field of config.json changes: reference results for tests/models/sweep.test.ts.

    pip install torch transformers safetensors
    python tests/models/sweep/make.py        # writes the folders beside this script, and sweep.json

For every family one small random model is saved. Then every field of its configuration that does not change the shapes
of the weights is set to other values, alone and in the pairs listed here, the same weights are loaded into the model of
that configuration, and its logits for one text are written down.
"""
import json
import pathlib
import shutil

import torch
import transformers as T
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).parent
VOCABULARY = 23
IDS = [5, 9, 14, 7, 20, 11, 6, 3]
TARGET = [2, 8, 13, 5, 3]

SIZES = dict(vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=10,
             max_position_embeddings=20, initializer_range=0.3, pad_token_id=0)
BERT = dict(SIZES, type_vocab_size=2)
ROBERTA = dict(SIZES, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2)
SIDES = dict(vocab_size=VOCABULARY, d_model=8, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
             decoder_attention_heads=2, encoder_ffn_dim=10, decoder_ffn_dim=10, max_position_embeddings=20, init_std=0.3,
             pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2)
T5 = dict(vocab_size=VOCABULARY, d_model=8, d_kv=4, d_ff=10, num_layers=2, num_heads=2, relative_attention_num_buckets=8,
          relative_attention_max_distance=6, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
MODERN = dict(SIZES, num_hidden_layers=3, local_attention=4, cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3)
ROPE = {"rope_type": "default", "rope_theta": 50.0}

MODELS = {
    "albert": (T.AlbertForMaskedLM, T.AlbertConfig(**BERT, embedding_size=6)),
    "bart": (T.BartForConditionalGeneration, T.BartConfig(**SIDES)),
    "bert": (T.BertForMaskedLM, T.BertConfig(**BERT)),
    "bert-sequence": (T.BertForSequenceClassification, T.BertConfig(**BERT, num_labels=3)),
    "camembert": (T.CamembertForMaskedLM, T.CamembertConfig(**ROBERTA)),
    "deberta": (T.DebertaV2ForMaskedLM, T.DebertaV2Config(**SIZES, type_vocab_size=0, relative_attention=True,
                pos_att_type=["p2c", "c2p"], position_buckets=4, share_att_key=True, norm_rel_ebd="layer_norm")),
    "deberta-sequence": (T.DebertaV2ForSequenceClassification, T.DebertaV2Config(**SIZES, type_vocab_size=0, num_labels=3)),
    "distilbert": (T.DistilBertForMaskedLM, T.DistilBertConfig(vocab_size=VOCABULARY, dim=8, n_layers=2, n_heads=2,
                   hidden_dim=10, max_position_embeddings=20, initializer_range=0.3)),
    "electra": (T.ElectraForMaskedLM, T.ElectraConfig(**BERT, embedding_size=6)),
    "electra-sequence": (T.ElectraForSequenceClassification, T.ElectraConfig(**BERT, embedding_size=6, num_labels=3)),
    "eurobert": (T.EuroBertForMaskedLM, T.EuroBertConfig(**SIZES, num_key_value_heads=1, rope_parameters=ROPE)),
    "eurobert-sequence": (T.EuroBertForSequenceClassification, T.EuroBertConfig(**SIZES, num_labels=3)),
    "gpt2": (T.GPT2LMHeadModel, T.GPT2Config(vocab_size=VOCABULARY, n_positions=20, n_embd=8, n_layer=2, n_head=2,
             initializer_range=0.3, bos_token_id=0, eos_token_id=0)),
    "gte": (T.GteForMaskedLM, T.GteConfig(**BERT, rope_parameters=ROPE)),
    "jina-embeddings-v3": (T.JinaEmbeddingsV3ForMaskedLM, T.JinaEmbeddingsV3Config(**ROBERTA, rope_parameters=ROPE)),
    "marian": (T.MarianMTModel, T.MarianConfig(**SIDES, scale_embedding=True)),
    "mbart": (T.MBartForConditionalGeneration, T.MBartConfig(**SIDES)),
    "modernbert": (T.ModernBertForMaskedLM, T.ModernBertConfig(**MODERN)),
    "modernbert-sequence": (T.ModernBertForSequenceClassification, T.ModernBertConfig(**MODERN, num_labels=3)),
    "mpnet": (T.MPNetForMaskedLM, T.MPNetConfig(**ROBERTA)),
    "mt5": (T.MT5ForConditionalGeneration, T.MT5Config(**T5)),
    "nomic-bert": (T.NomicBertForMaskedLM, T.NomicBertConfig(**BERT, rope_parameters=ROPE)),
    "roberta": (T.RobertaForMaskedLM, T.RobertaConfig(**ROBERTA)),
    "t5": (T.T5ForConditionalGeneration, T.T5Config(**T5)),
    "umt5": (T.UMT5ForConditionalGeneration, T.UMT5Config(**T5)),
    "xlm-roberta": (T.XLMRobertaForMaskedLM, T.XLMRobertaConfig(**ROBERTA)),
}

# Not settings of the computation, or settings of the shapes of weights.
SKIPPED = set("""architectures chunk_size_feed_forward dtype id2label label2id model_type transformers_version
 torchscript vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads intermediate_size d_model
 d_kv d_ff num_layers num_decoder_layers num_heads encoder_layers decoder_layers encoder_ffn_dim decoder_ffn_dim dim
 n_layers hidden_dim n_embd n_layer n_inner embedding_size head_dim max_position_embeddings n_positions type_vocab_size
 relative_attention_num_buckets num_hidden_groups inner_group_num position_buckets output_hidden_states output_attentions
 return_dict use_return_dict problem_type name_or_path _name_or_path pruned_heads attribute_map use_cache tie_word_embeddings""".split())
# Parts of names that files lack: tied weights, and positions that are computed.
TIED = ("decoder.weight", "decoder.bias", "lm_head", "embed_tokens", "embed_positions")
ACTIVATIONS = {"hidden_act", "activation", "activation_function", "hidden_activation", "classifier_activation", "pooler_hidden_act", "dense_act_fn"}
EXTRA = {  # values that the type of the default does not suggest, and pairs
    "bart": [{"normalize_before": True}, {"static_position_embeddings": True}, {"add_final_layer_norm": True}, {"normalize_embedding": False}],
    "mbart": [{"normalize_before": True}, {"normalize_before": False}, {"add_final_layer_norm": True}],
    "marian": [{"static_position_embeddings": False}, {"normalize_before": True}, {"normalize_embedding": True}],
    "bert": [{"position_embedding_type": "relative_key"}, {"hidden_act": "silu"}, {"hidden_act": "gelu_python"}, {"hidden_act": "quick_gelu"}],
    "deberta": [{"pos_att_type": ["c2p"]}, {"pos_att_type": ["p2c"]}, {"pos_att_type": "c2p|p2c"}, {"relative_attention": False, "pos_att_type": ["c2p"]},
                {"max_relative_positions": 6}, {"max_relative_positions": 6, "pos_att_type": ["c2p"]}],
    "deberta-sequence": [{"pooler_hidden_act": "tanh"}, {"pooler_hidden_act": "relu"}],
    "distilbert": [{"sinusoidal_pos_embds": True}],
    "electra-sequence": [{"summary_type": "mean"}, {"summary_use_proj": False}],
    "eurobert": [{"rope_parameters": {"rope_type": "default", "rope_theta": 7.0}}, {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 50.0}}],
    "eurobert-sequence": [{"classifier_pooling": "bos"}, {"classifier_pooling": "mean"}],
    "gpt2": [{"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True}, {"reorder_and_upcast_attn": True}, {"activation_function": "relu"}],
    "gte": [{"rope_parameters": {"rope_type": "default", "rope_theta": 7.0}}],
    "jina-embeddings-v3": [{"rope_parameters": {"rope_type": "default", "rope_theta": 7.0}},
                           {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 50.0}}],
    "nomic-bert": [{"rope_parameters": {"rope_type": "default", "rope_theta": 7.0}}],
    "modernbert": [{"global_attn_every_n_layers": 2, "layer_types": None}, {"local_attention": 2},
                   {"layer_types": ["sliding_attention", "sliding_attention", "full_attention"]},
                   {"layer_types": ["full_attention", "full_attention", "full_attention"], "local_attention": 2},
                   {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 9.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 5.0}}}],
    "modernbert-sequence": [{"classifier_pooling": "mean"}],
    "t5": [{"relative_attention_max_distance": 12}],
    "umt5": [{"relative_attention_max_distance": 12}],
    "mt5": [{"relative_attention_max_distance": 12}, {"tie_word_embeddings": False}],
    "roberta": [{"pad_token_id": 4}, {"pad_token_id": 5}],
}


def alternatives(field, value):
    if field in ACTIVATIONS:
        return ["relu", "gelu_new", "gelu"]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, float):
        return [0.25, 0.01] if "eps" not in field else [1e-2, 1e-1]
    if isinstance(value, int) and field.endswith("token_id"):
        return [4]
    return []


def logits_of(Model, config, weights):
    config._attn_implementation = "eager"
    model = Model(config).eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    own = set(dict(model.named_parameters()))
    if unexpected or any(name in own and not any(part in name for part in TIED) for name in missing):
        raise ValueError(f"other weights: {missing} {unexpected}")
    model.tie_weights()
    inputs = {"input_ids": torch.tensor([IDS]), "attention_mask": torch.ones(1, len(IDS), dtype=torch.long)}
    if config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.tensor([TARGET])
    with torch.no_grad():
        return model(**inputs).logits.flatten()


def sweep(name, Model, base):
    torch.manual_seed(sum(name.encode()))
    model = Model(base)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.2)
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, save_original_format=False)
    (folder / "generation_config.json").unlink(missing_ok=True)
    fields = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    known = {**type(base)().to_dict(), **fields}
    changes = [{}] + EXTRA.get(name, [])
    for field, value in sorted(known.items()):
        if field == "is_encoder_decoder" and base.is_encoder_decoder:
            continue
        if field not in SKIPPED:
            changes += [{field: other} for other in alternatives(field, value) if other != value]
    results = []
    first = None
    for change in changes:
        try:
            config = type(base).from_dict({**fields, **change})
            logits = logits_of(Model, config, dict(weights))
        except Exception as error:  # the library refuses the value, or it needs other weights
            print(name, change, "left out:", str(error).splitlines()[0][:80])
            continue
        first = logits if first is None else first
        same = bool(torch.equal(first, logits))
        results.append({"change": change, "same": same, **({} if same and change else {"logits": [float(f"{x:.8g}") for x in logits.tolist()]})})
    return results


if __name__ == "__main__":
    found = {name: sweep(name, Model, base) for name, (Model, base) in MODELS.items()}
    text = json.dumps({"ids": IDS, "target": TARGET, "torch": torch.__version__, "transformers": T.__version__, "models": found})
    (HERE / "sweep.json").write_text(text.replace('{"change"', '\n{"change"') + "\n")
    print(sum(len(entries) for entries in found.values()), "configurations")
