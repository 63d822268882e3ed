"""
Write the reference encodings: small tokenizers of every kind, trained with Hugging Face tokenizers, and what the library
makes of texts.json with each of them.

    pip install tokenizers==0.23.3 && python tests/tokenizer/golden/make.py

Each NAME.json holds the tokenizer.json and, in the order of texts.json, ids, offsets in code points, words, decoded text with
and without special tokens, and the steps of the library's DecodeStream; then pairs of texts, truncated in windows.
"""
import json, pathlib
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers.decoders import DecodeStream

HERE = pathlib.Path(__file__).parent
TEXTS = json.loads((HERE / "texts.json").read_text())


def lines(folder):
    return "\n".join(path.read_text() for path in sorted((HERE / "../../../corpus" / folder).rglob("*.txt"))).split("\n")


ENGLISH = lines("text") + TEXTS
CORPUS = lines("parallel") + ENGLISH
GPT4 = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"


def bert(name, special, **options):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    t.normalizer = normalizers.BertNormalizer(**options)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=700, limit_alphabet=250, special_tokens=special, show_progress=False))
    cls, sep = t.token_to_id("[CLS]"), t.token_to_id("[SEP]")
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    return t


def wordpiece_uncased():
    return bert("uncased", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], lowercase=True)


def wordpiece_cased():
    t = bert("cased", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], lowercase=False, strip_accents=False, handle_chinese_chars=False)
    t.add_tokens([
        AddedToken("Ångström", normalized=True), AddedToken("<left>", lstrip=True, normalized=False),
        AddedToken("<right>", rstrip=True, normalized=False), AddedToken("word", single_word=True, normalized=False)])
    return t


def byte_level(special, prefix_space):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    t.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, special_tokens=special, show_progress=False))
    return t


def bpe_gpt2():
    t = byte_level(["<|endoftext|>"], False)
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    return t


def bpe_roberta():
    t = byte_level(["<s>", "<pad>", "</s>", "<unk>"], True)
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False)])
    t.post_processor = processors.RobertaProcessing(("</s>", t.token_to_id("</s>")), ("<s>", t.token_to_id("<s>")), trim_offsets=True, add_prefix_space=True)
    return t


def bpe_pattern():
    t = Tokenizer(models.BPE(ignore_merges=True))
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(GPT4), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, initial_alphabet=alphabet, special_tokens=["<|end|>"], show_progress=False))
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="$A <|end|>", pair="$A <|end|> $B:1 <|end|>:1", special_tokens=[("<|end|>", t.token_to_id("<|end|>"))])])
    return t


def bpe_fallback():
    t = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=900, limit_alphabet=90, special_tokens=special, show_progress=False))
    data = json.loads(t.to_str())
    data["added_tokens"] = data["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(data))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return t


def bpe_suffix():
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", continuing_subword_prefix="@"))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"'s|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"), "removed", invert=True)])
    t.decoder = decoders.BPEDecoder()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, limit_alphabet=150, special_tokens=["<unk>"], end_of_word_suffix="</w>", continuing_subword_prefix="@", show_progress=False))
    return t


def unigram(normalizer, pre_tokenizer, scheme, special, **options):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = normalizer, pre_tokenizer
    t.decoder = decoders.Metaspace(prepend_scheme=scheme)
    t.train_from_iterator(ENGLISH, trainers.UnigramTrainer(vocab_size=1300, special_tokens=special, unk_token="<unk>", show_progress=False))
    return t


def unigram_xlmr():
    normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    pre = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t = unigram(normalizer, pre, "always", ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    t.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return t


def unigram_albert():
    normalizer = normalizers.Sequence([
        normalizers.Replace("``", '"'), normalizers.Replace("''", '"'), normalizers.NFKD(), normalizers.StripAccents(),
        normalizers.Lowercase(), normalizers.Strip()])
    t = unigram(normalizer, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), "first", ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"])
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


def word_level():
    t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    t.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.NFC()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("merged_with_previous"), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.UnicodeScripts()])
    t.train_from_iterator(CORPUS, trainers.WordLevelTrainer(vocab_size=600, special_tokens=["[UNK]", "[CLS]"], show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A", pair="[CLS] $B:1 $A", special_tokens=[("[CLS]", 1)])
    return t


def offsets(encoding):
    return [place for pair in encoding.offsets for place in pair]


def streamed(t, ids):
    stream = DecodeStream(skip_special_tokens=True)
    return [stream.step(t, id) or "" for id in ids]


def window(encoding):
    return {"ids": encoding.ids, "segments": encoding.type_ids, "special": encoding.special_tokens_mask, "offsets": offsets(encoding)}


def record(t):
    t.no_truncation()
    rows = []
    for text in TEXTS:
        e = t.encode(text)
        rows.append({"ids": e.ids, "offsets": offsets(e), "words": [-1 if word is None else word for word in e.word_ids],
                     "decoded": t.decode(e.ids, skip_special_tokens=True), "whole": t.decode(e.ids, skip_special_tokens=False),
                     "stream": streamed(t, e.ids)})
    pairs = []
    for i, (length, stride, strategy, direction) in enumerate([
            (24, 0, "longest_first", "right"), (16, 4, "longest_first", "left"), (20, 3, "only_first", "right"),
            (30, 5, "only_second", "right"), (12, 0, "longest_first", "right"), (25, 6, "only_first", "left")]):
        for a, b in [(2 * i, 2 * i + 1), (3 * i + 20, 3 * i + 7)]:
            t.enable_truncation(length, stride=stride, strategy=strategy, direction=direction)
            try: e = t.encode(TEXTS[a], TEXTS[b])
            except BaseException: continue  # the library refuses, or panics, where a text is too short to give way
            pairs.append({"a": a, "b": b, "length": length, "stride": stride, "strategy": strategy.replace("_", "-"),
                          "direction": direction, "windows": [window(w) for w in [e, *e.overflowing]]})
    t.no_truncation()
    return {"tokenizer": json.loads(t.to_str()), "texts": rows, "pairs": pairs}


for make in [wordpiece_uncased, wordpiece_cased, bpe_gpt2, bpe_roberta, bpe_pattern, bpe_fallback, bpe_suffix, unigram_xlmr, unigram_albert, word_level]:
    name = make.__name__.replace("_", "-")
    (HERE / f"{name}.json").write_text(json.dumps(record(make()), ensure_ascii=False, separators=(",", ":")) + "\n")
    print(name)
