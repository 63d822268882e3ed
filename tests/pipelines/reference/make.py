"""
Reference results of small models for the pipelines, computed with PyTorch, transformers and sentence-transformers.

    pip install torch transformers sentence-transformers safetensors seqeval      # versions used: see versions.json
    python3 tests/pipelines/reference/make.py

Writes beside itself: versions.json, wordpiece.json and bytes.json (tokenizer.json files), and one file for each pipeline:
config.json, the shapes of the weights, and calls with their results. Weights are those of
tests/helpers/reference_weights.py.
"""
import json
import pathlib
import sys
import tempfile
import warnings
from importlib.metadata import version

import numpy as np
import sentence_transformers
import torch
import transformers
from sentence_transformers.sentence_transformer import modules as st_modules
from seqeval.metrics.sequence_labeling import get_entities
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (BartConfig, BartForConditionalGeneration, BertConfig, BertForMaskedLM, BertForQuestionAnswering,
                          BertForSequenceClassification, BertForTokenClassification, BertModel, GPT2Config, GPT2LMHeadModel,
                          PreTrainedTokenizerFast, pipeline)

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "helpers"))
from reference_weights import weight  # noqa: E402

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
warnings.filterwarnings("ignore")

WORDS = """[PAD] [UNK] [CLS] [SEP] [MASK] the cat sat on mat dog ran to sun is up anna paris lives in rome and good bad film
a . , ? - ' who where does what was it not very this example new york ##s ##ing ##ly ##th smi un friend bank river sport politics""".split()
LENGTH = 32
PIECES = 48


def wordpiece():
    vocabulary = {word: i for i, word in enumerate(WORDS)}
    t = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    t.add_special_tokens(WORDS[:5])
    return t


def byte_level():
    """Byte-level BPE over the bytes of a few sentences alone: whatever a random model writes can be read."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(["the cat sat on the mat", "A dog ran to the cat", "the sun is up and the dog sleeps"] * 3,
                          trainers.BpeTrainer(vocab_size=PIECES, special_tokens=["<s>", "<pad>", "</s>"], show_progress=False))
    assert t.get_vocab_size() == PIECES, t.get_vocab_size()
    return t


def with_ends(t):
    """<s> … </s>, as BART has it."""
    t.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    return t


BERT = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]", model_max_length=LENGTH,
            model_input_names=["input_ids", "token_type_ids", "attention_mask"])
BYTES = dict(pad_token="<pad>", bos_token="<s>", eos_token="</s>")
fast = lambda t, **special: PreTrainedTokenizerFast(tokenizer_object=t, **special)


def build(cls, config, scale):
    """The model with the formula's weights, and what a test needs to write the same folder."""
    config.architectures = [cls.__name__]
    model = cls(config).eval()
    shapes = {}
    with torch.no_grad():
        buffers = [(name, buffer) for name, buffer in model.named_buffers() if name == "final_logits_bias"]
        for name, parameter in [*model.named_parameters(), *buffers]:
            parameter.copy_(torch.from_numpy(weight(name, tuple(parameter.shape), scale)))
            shapes[name] = list(parameter.shape)
    settings = {key: value for key, value in config.to_dict().items() if value is not None}
    return model, {"config": settings, "scale": scale, "shapes": shapes}


def rounded(value):
    """Plain numbers and lists; f32 with nine digits, which hold it exactly."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    if isinstance(value, np.ndarray) or torch.is_tensor(value):
        return rounded(value.tolist())
    return float(f"{value:.9g}") if isinstance(value, (float, np.floating)) else int(value) if isinstance(value, np.integer) else value


def write(name, content):
    (HERE / f"{name}.json").write_text(json.dumps(rounded(content), ensure_ascii=False, indent=None, separators=(",", ":")) + "\n")


def bert(**more):
    return BertConfig(vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
                      max_position_embeddings=LENGTH, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **more)


def names(labels):
    return dict(id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)})


def calls(pipe, cases, **fixed):
    """[{input, options, result}]: what the reference's pipeline answers."""
    made = []
    for given, options in cases:
        positional = given if isinstance(given, tuple) else (given,)
        made.append({"input": list(positional), "options": options, "result": pipe(*positional, **options, **fixed)})
    return made


def fill_mask(tokenizer):
    model, folder = build(BertForMaskedLM, bert(), 0.4)
    pipe = pipeline("fill-mask", model=model, tokenizer=tokenizer)
    cases = [("The cat [MASK] on the mat.", {}), ("The cat [MASK] on the mat.", {"top_k": 2}), ("[MASK] and [MASK] ran", {"top_k": 2}),
             ("Anna lives in [MASK].", {"targets": ["rome", "paris", "bank"]}),
             ("[MASK] lives [MASK] [MASK].", {"targets": ["rome", "anna", "in"]}), ("[MASK] lives [MASK] [MASK].", {"targets": ["paris", "in"], "top_k": 1}),
             ("Anna lives in [MASK].", {"targets": ["paris"]}), ("[MASK][MASK]", {"top_k": 3})]
    write("fill-mask", {**folder, "calls": calls(pipe, cases)})


def named(pipe, labels):
    pipe.model.config.id2label = dict(enumerate(labels))
    return pipe


def token_classification(tokenizer):
    labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    model, folder = build(BertForTokenClassification, bert(**names(labels)), 0.7)
    pipe = pipeline("token-classification", model=model, tokenizer=tokenizer)
    texts = ["Anna Smith lives in New York.", "The dogs, unfriendly, ran to the banks", "who was in Paris?", "sunsings and unsuning dogs sat"]
    cases = [(text, {"aggregation_strategy": how, "ignore_labels": ignore}) for text in texts for how in ("none", "simple", "first", "average", "max")
             for ignore in (["O"], [])]
    # The same weights under other labels. transformers joins B- and I- alone; BIOES is grouped as seqeval does.
    schemes = []
    for own in (["O", "I-geo-loc", "B-geo-loc", "I-per-son", "B-per-son"], ["O", "PER", "LOC", "ORG", "MISC"], ["B-PER", "I-PER", "B-LOC", "I-LOC", "O"]):
        model.config.id2label = dict(enumerate(own))
        schemes.append({"labels": own, "calls": calls(pipe, [(text, {"aggregation_strategy": how}) for text in texts for how in ("simple", "first", "average", "max")])})
    ends = []
    for own in (["B-geo-loc", "E-geo-loc", "I-geo-loc", "S-geo-loc", "O"], ["O", "E-a-b", "S-c", "B-a-b", "I-a-b"], ["U-x", "L-x", "O", "B-x", "I-x"]):
        model.config.id2label = dict(enumerate(own))
        for text in texts:
            tokens = pipe(text, aggregation_strategy="none", ignore_labels=[])
            tags = [token["entity"].replace("U-", "S-").replace("L-", "E-") for token in tokens]
            spans = [[name, tokens[first]["start"], tokens[last]["end"]] for name, first, last in get_entities(tags)]
            ends.append({"labels": own, "text": text, "spans": spans})
    write("token-classification", {**folder, "calls": calls(named(pipe, labels), cases), "schemes": schemes, "ends": ends})


def roberta_like():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(["the cat, Anna-cat sat.", "Anna sat on the mat", "New York,the"],
                          trainers.BpeTrainer(vocab_size=PIECES, special_tokens=["<s>", "<pad>", "</s>"], show_progress=False))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    return t


def xlmr_like():
    letters = sorted(set("the cat sat on a mat. Anna lives in New York, ran") - {" "})
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", "\u2581the", "\u2581An", "na", "\u2581New", "\u2581York", "at", *letters]
    t = Tokenizer(models.Unigram([(piece, -float(i)) for i, piece in enumerate(pieces)], unk_id=3))
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.decoder = decoders.Metaspace()
    t.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return with_ends(t)


def token_classification_by_spaces():
    """Vocabularies whose pieces do not say that they continue a word: the pipeline finds words by spaces then."""
    labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, max_position_embeddings=64)
    model, folder = build(BertForTokenClassification, BertConfig(vocab_size=PIECES, **sizes, **names(labels)), 0.7)
    texts = ["the cat, Anna-cat sat.", "Anna  sat on New York,the", ", the -cat.Anna"]
    made = []
    for t, more in ((roberta_like(), []), (xlmr_like(), ["a\u4e2da the\tcat \u4e2d\u4e2d York", "on\u00a0the mat"])):
        tokenizer = fast(t, pad_token="<pad>", bos_token="<s>", eos_token="</s>", **({"unk_token": "<unk>"} if t.token_to_id("<unk>") else {}))
        pipe = pipeline("token-classification", model=model, tokenizer=tokenizer)
        cases = [(text, {"aggregation_strategy": how, "ignore_labels": []}) for text in texts + more for how in ("simple", "first", "average", "max")]
        made.append({"tokenizer": json.loads(t.to_str()), "calls": calls(pipe, cases)})
    write("token-classification-by-spaces", {**folder, "tokenizers": made})


def text_classification(tokenizer):
    model, folder = build(BertForSequenceClassification, bert(**names(["negative", "neutral", "positive"])), 0.5)
    texts = ["A very good film.", "The film was bad, not good.", "the sun is up"]
    cases = [(text, options) for text in texts for options in ({"top_k": None}, {"top_k": 2}, {"top_k": None, "function_to_apply": "sigmoid"},
                                                             {"top_k": None, "function_to_apply": "none"})]
    cases.append(({"text": "Anna lives in Rome.", "text_pair": "Anna lives in Paris."}, {"top_k": None}))
    run = lambda model: calls(pipeline("text-classification", model=model, tokenizer=tokenizer), cases)
    several, several_folder = build(BertForSequenceClassification, bert(problem_type="multi_label_classification", **names(["a", "b", "c"])), 0.5)
    one, one_folder = build(BertForSequenceClassification, bert(num_labels=1), 0.5)
    regression, regression_folder = build(BertForSequenceClassification, bert(num_labels=1, problem_type="regression"), 0.5)
    # The loss of several labels: BCEWithLogitsLoss, which transformers takes for this problem_type.
    wanted = [[1, 0, 1], [0, 0, 0], [1, 1, 1]]
    with torch.no_grad():
        encoded = tokenizer(texts, padding=True, return_tensors="pt")
        loss = several(**encoded, labels=torch.tensor(wanted, dtype=torch.float)).loss.item()
    learned = {"texts": texts, "classes": wanted, "loss": loss}
    write("text-classification", {
        "single": {**folder, "calls": run(model)}, "multi": {**several_folder, "calls": run(several), "learned": learned},
        "one": {**one_folder, "calls": run(one)}, "regression": {**regression_folder, "calls": run(regression)}})


def zero_shot(tokenizer):
    models = []
    text, classes = "The dog ran to the river.", ["sport", "politics", "sun"]
    for labels in (["contradiction", "neutral", "entailment"], ["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], ["entailment", "not_entailment"]):
        model, folder = build(BertForSequenceClassification, bert(**names(labels)), 0.5)
        pipe = pipeline("zero-shot-classification", model=model, tokenizer=tokenizer)
        cases = [((text, classes), {}), ((text, classes), {"multi_label": True}), ((text, classes), {"hypothesis_template": "it was not {}."}),
                 ((text, classes[:1]), {})]
        # Of a model with the classes entailment and not_entailment the reference takes the last for the contradiction.
        models.append({**folder, "calls": calls(pipe, cases)})
    write("zero-shot-classification", {"models": models})


def sentence_folder(path, tokenizer, cls, config, scale):
    model, folder = build(cls, config, scale)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return model, folder


def ranking(tokenizer):
    models = []
    query, texts = "where does Anna live?", ["Anna lives in Rome.", "The dog ran to the bank.", "The sun is up, and it is good.", "Paris"]
    for activation in (None, "torch.nn.modules.linear.Identity"):
        with tempfile.TemporaryDirectory() as path:
            more = {} if activation is None else {"sentence_transformers": {"activation_fn": activation, "version": "5.0.0"}}
            _, folder = sentence_folder(path, tokenizer, BertForSequenceClassification, bert(num_labels=1, **more), 0.5)
            encoder = sentence_transformers.CrossEncoder(path, device="cpu")
            models.append({**folder, "query": query, "texts": texts, "result": encoder.rank(query, texts, show_progress_bar=False)})
    write("text-ranking", {"models": models})


def feature_extraction(tokenizer):
    texts = ["The cat sat on the mat.", "a dog", "Anna's friends lived in New York, it was very good"]
    pairs = []
    with tempfile.TemporaryDirectory() as path:
        model, folder = sentence_folder(path, tokenizer, BertModel, bert(), 0.5)
        for mode in ("mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens"):
            for normalize in (False, True):
                transformer = st_modules.Transformer(path)
                modules = [transformer, st_modules.Pooling(16, pooling_mode=mode)]
                sentence = sentence_transformers.SentenceTransformer(
                    modules=modules + ([st_modules.Normalize()] if normalize else []), device="cpu")
                vectors = [sentence.encode(text, show_progress_bar=False) for text in texts]
                entry = {"pooling": mode, "normalize": normalize, "vectors": vectors}
                if mode == "mean" and normalize:
                    entry["similarity"] = sentence_transformers.util.cos_sim(np.stack(vectors[:1]), np.stack(vectors[1:]))[0]
                    entry["prompted"] = [sentence.encode(text, prompt="who ", show_progress_bar=False) for text in texts]
                pairs.append(entry)
    # The hidden states of every layer for one text, with the words of its tokens: vectors of words are means of these.
    text = "Anna's friends sat unfriendly"
    encoded = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**encoded, output_hidden_states=True).hidden_states
    words = {"text": text, "words": encoded.word_ids(0), "hidden": [layer[0] for layer in hidden]}
    # And of the same words when they are given one by one.
    split = ["Anna", "friends", "unfriendly"]
    encoded = tokenizer(split, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**encoded, output_hidden_states=True).hidden_states
    given = {"split": split, "words": encoded.word_ids(0), "hidden": [layer[0] for layer in hidden]}
    write("feature-extraction", {**folder, "texts": texts, "embeddings": pairs, "in_context": [words, given]})


def best_spans(model, tokenizer, question, context, length, overlap, most, longest):
    """
    google-research/bert, run_squad.py (write_predictions), with character ranges as transformers' utils_qa.py has them:
    the n best pairs of start and end over all windows, the probabilities a softmax over their sums.
    """
    # transformers' question-answering pipeline (4.57): the context is first where the tokenizer pads on the left.
    first = tokenizer.padding_side == "left"
    pair = (context, question) if first else (question, context)
    windows = tokenizer(*pair, truncation="only_first" if first else "only_second", max_length=length, stride=overlap, return_overflowing_tokens=True,
                        return_offsets_mapping=True)
    found, null = {}, float("inf")
    for i in range(len(windows["input_ids"])):
        inputs = {key: torch.tensor([windows[key][i]]) for key in ("input_ids", "token_type_ids", "attention_mask")}
        with torch.no_grad():
            out = model(**inputs)
        start, end = out.start_logits[0].double().numpy(), out.end_logits[0].double().numpy()
        null = min(null, start[0] + end[0])
        context_tokens = [t for t, sequence in enumerate(windows.sequence_ids(i)) if sequence == (0 if first else 1)]
        for s in sorted(context_tokens, key=lambda t: -start[t])[:20]:
            for e in sorted(context_tokens, key=lambda t: -end[t])[:20]:
                if e < s or e - s + 1 > longest:
                    continue
                span = (windows["offset_mapping"][i][s][0], windows["offset_mapping"][i][e][1])
                found[span] = max(found.get(span, -np.inf), start[s] + end[e])
    best = sorted(found.items(), key=lambda item: -item[1])[:20]
    softmax = lambda scores: np.exp(np.array(scores) - max(scores)) / np.exp(np.array(scores) - max(scores)).sum()
    sums = [score for _, score in best]
    spans = lambda shares: [{"score": p, "start": s, "end": e, "answer": context[s:e]} for ((s, e), _), p in list(zip(best, shares))[:most]]
    with_null = sorted([*spans(softmax([*sums, null])), {"score": softmax([*sums, null])[-1], "start": 0, "end": 0, "answer": ""}],
                       key=lambda answer: -answer["score"])[:most]
    return {"answers": spans(softmax(sums)), "or_none": with_null, "windows": len(windows["input_ids"])}


def question_answering(tokenizer):
    model, folder = build(BertForQuestionAnswering, bert(), 0.5)
    # The second context needs three windows of 32 tokens, which share ten (a third of the length, rounded down).
    asked = [("Where does Anna live?", "Anna lives in Rome. The dog sat on the mat."),
             ("What ran?", " ".join(["The cat sat on the mat.", "A dog ran to the river.", "The sun is up, and it is very good.",
                                     "Anna's friends lived in New York.", "Who was in Paris?"])),
             ("what is it?", "It is the sun.")]
    made = [{"question": q, "context": c, **best_spans(model, tokenizer, q, c, LENGTH, LENGTH // 3, 3, 30),
             "short": best_spans(model, tokenizer, q, c, LENGTH, LENGTH // 3, 3, 2)} for q, c in asked]
    sides = [{"question": q, "context": c, "settings": settings, **best_spans(model, fast(pieces, **BERT, **settings), q, c, LENGTH, LENGTH // 3, 3, 30)}
             for settings in ({"truncation_side": "left"}, {"padding_side": "left"}, {"truncation_side": "left", "padding_side": "left"})
             for q, c in asked[1:2]]
    write("question-answering", {**folder, "asked": made, "sides": sides})


def text_generation(tokenizer):
    config = GPT2Config(vocab_size=PIECES, n_positions=48, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
                        bos_token_id=0, eos_token_id=2, pad_token_id=1)
    model, folder = build(GPT2LMHeadModel, config, 0.5)
    pipe = pipeline("text-generation", model=model, tokenizer=tokenizer)
    cases = [(text, {"max_new_tokens": 8, **more}) for text in ("the cat", "A dog ran") for more in (
        {}, {"return_full_text": False}, {"num_beams": 3}, {"repetition_penalty": 1.5}, {"no_repeat_ngram_size": 2}, {"min_new_tokens": 6},
        {"sequence_bias": [[[5], 9.0], [[5, 9], 30.0], [[9, 7, 11], -2.5]]}, {"exponential_decay_length_penalty": [2, 1.9]},
        {"renormalize_logits": True}, {"num_beams": 3, "renormalize_logits": True, "sequence_bias": [[[5], 3.0]], "bad_words_ids": [[9]]},
        {"num_beams": 3, "exponential_decay_length_penalty": [1, 2.5]})]
    write("text-generation", {**folder, "calls": calls(pipe, cases, do_sample=False)})


def text_generation_of_words(tokenizer):
    """GPT-2 with a tokenizer whose decoder puts spaces between words, as Chinese ones have."""
    config = GPT2Config(vocab_size=len(tokenizer), n_positions=48, n_embd=16, n_layer=2, n_head=2, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
                        bos_token_id=2, eos_token_id=3, pad_token_id=0)
    model, folder = build(GPT2LMHeadModel, config, 0.5)
    pipe = pipeline("text-generation", model=model, tokenizer=tokenizer)
    cases = [(text, {"max_new_tokens": 8, **more}) for text in ("the cat sat", "A dog, unhappily") for more in (
        {}, {"return_full_text": False}, {"no_repeat_ngram_size": 1}, {"num_beams": 2})]
    write("text-generation-of-words", {**folder, "calls": calls(pipe, cases, do_sample=False)})


def text2text_generation(tokenizer):
    config = BartConfig(vocab_size=PIECES, max_position_embeddings=48, d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
                        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24, dropout=0.0, attention_dropout=0.0,
                        activation_dropout=0.0, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2)
    model, folder = build(BartForConditionalGeneration, config, 0.6)
    made = []
    for text in ("the cat sat on the mat", "A dog ran"):
        for options in ({}, {"min_new_tokens": 6, "bad_words_ids": [[0], [1]]}, {"num_beams": 3, "min_new_tokens": 5, "bad_words_ids": [[0], [1]]},
                        {"no_repeat_ngram_size": 1}, {"repetition_penalty": 2.0}):
            ids = model.generate(**tokenizer(text, return_tensors="pt"), max_new_tokens=8, do_sample=False, **options)
            made.append({"input": [text], "options": {"max_new_tokens": 8, **options},
                         "result": [{"generated_text": tokenizer.decode(ids[0], skip_special_tokens=True)}]})
    write("text2text-generation", {**folder, "calls": made})


pieces = wordpiece()
text_bytes, pair_bytes = byte_level(), with_ends(byte_level())
for file, made in (("wordpiece", pieces), ("bytes", text_bytes), ("bytes-with-ends", pair_bytes)):
    (HERE / f"{file}.json").write_text(json.dumps(json.loads(made.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")
bert_tokenizer = fast(pieces, **BERT)
for make in (fill_mask, token_classification, text_classification, zero_shot, ranking, feature_extraction, question_answering):
    make(bert_tokenizer)
token_classification_by_spaces()
text_generation(fast(text_bytes, **BYTES))
text_generation_of_words(bert_tokenizer)
text2text_generation(fast(pair_bytes, **BYTES))
write("versions", {**{library.__name__: library.__version__ for library in (torch, transformers, sentence_transformers)}, "seqeval": version("seqeval")})
