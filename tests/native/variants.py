"""
Tokenizer files of every make that the families publish, with what the reference library does with them:

    pip install tokenizers
    python tests/native/variants.py ../shared OUT [SEED [COUNT]]
    npm run golden:tokenizers -- OUT

OUT has the layout of ../shared/golden/tokenizers (texts.jsonl.gz, and for each tokenizer tokenizer.json.gz, expected.jsonl.gz,
pairs.jsonl.gz). First come tokenizers that differ from a published one in one component, then COUNT (100) that are put
together at random from all components. A line is null where the reference itself fails.
"""
import base64, gzip, json, os, random, resource, signal, sys
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
import tokenizers as library

shared, out = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
count = int(sys.argv[4]) if len(sys.argv) > 4 else 100
rng = random.Random(seed)
golden = f"{shared}/golden/tokenizers"
read = lambda path: gzip.open(path, "rt", encoding="utf-8", newline="\n").read()
TEXTS = [json.loads(line) for line in read(f"{golden}/texts.jsonl.gz").split("\n") if line]
TEXTS += ["<mask>", " <mask> ", "a<mask>b", "x  <mask>  y", "[MASK][MASK]", "the [mask] THE  the", "under_the_theme the.", "\u00e9t\u00e9 e\u0301te\u0301", "\ufb01n \u2460 \uff21", "  leading", "trailing  ", "  both\t\n", "a\n\nb\r\n c",
    "\u2581a \u2581\u2581b", "1234567.89", "price: 12,000.50\u20ac", "\u4e00\u4e8c\u4e09abc\u30ab\u30bf\u30ab\u30ca\u3072\u3089\u304c\u306a\u30fc\uff66", "don't you'LL WE'Re", "\u0130stanbul", "a\u200bb\ufeffc\u00a0d", "<0x41> <0xE9>"]
published = {name: json.loads(read(f"{golden}/{name}/tokenizer.json.gz")) for name in ["albert-base"]}
charsmap = base64.b64decode(next(n for n in published["albert-base"]["normalizer"]["normalizers"] if n["type"] == "Precompiled")["precompiled_charsmap"])
bytes_of = sorted(pre_tokenizers.ByteLevel.alphabet())
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>", "<mask>"]
SPLITS = [" ", "a", "\u2581", Regex(r"\s+"), Regex(r"\d{1,3}"), Regex(r"\p{L}+|\p{N}+"), Regex(r"[^\s\p{L}\p{N}]+"), Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
    Regex(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"), Regex(r"[\p{P}$+<=>^`|~]"), Regex(r"\w+|[^\w\s]+"), Regex(r"[\u4e00-\u9fff]"), Regex(r"(?:\r\n|\n)+"), Regex("x*"), Regex("^a|b$"), Regex(r"\p{Han}+"), Regex(r"\p{Lu}\p{Ll}+")]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]

def trained(kind):
    """A small model of each kind, learned from the texts."""
    if kind == "wordpiece":
        t = Tokenizer(models.WordPiece(unk_token="[UNK]")); t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=2500, special_tokens=SPECIAL, show_progress=False))
    elif kind == "bytes":
        t = Tokenizer(models.BPE()); t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=2000, special_tokens=SPECIAL, initial_alphabet=bytes_of, show_progress=False))
    elif kind == "bpe":
        t = Tokenizer(models.BPE(unk_token="[UNK]")); t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=1500, limit_alphabet=600, special_tokens=SPECIAL + [f"<0x{b:02X}>" for b in range(256)], show_progress=False))
    elif kind == "suffix":
        t = Tokenizer(models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>")); t.pre_tokenizer = pre_tokenizers.Whitespace()
        t.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=2500, limit_alphabet=900, end_of_word_suffix="</w>", special_tokens=SPECIAL, show_progress=False))
    elif kind == "prefix":
        t = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##")); t.pre_tokenizer = pre_tokenizers.Whitespace()
        t.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=2500, limit_alphabet=900, continuing_subword_prefix="##", special_tokens=SPECIAL, show_progress=False))
    elif kind == "unigram":
        t = Tokenizer(models.Unigram()); t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.train_from_iterator([text for text in TEXTS if max(text, default=" ") < "\u0600"], trainers.UnigramTrainer(vocab_size=2200, unk_token="[UNK]", special_tokens=SPECIAL + [f"<0x{b:02X}>" for b in range(256)], show_progress=False))
    else:
        words = sorted({w for text in TEXTS for w in text.split()} | {" ", "a", ",", "\u2581a"})[:3000]
        t = Tokenizer(models.WordLevel({w: i for i, w in enumerate(SPECIAL + [w for w in words if w not in SPECIAL])}, unk_token="[UNK]"))
    return json.loads(t.to_str())["model"]

MODELS = {kind: trained(kind) for kind in ["wordpiece", "bytes", "bpe", "suffix", "prefix", "unigram", "words"]}

def component(part):
    """A component as tokenizer.json writes it."""
    t = Tokenizer(models.BPE())
    for name in ["normalizer", "pre_tokenizer", "post_processor", "decoder"]:
        if isinstance(part, {"normalizer": normalizers.Normalizer, "pre_tokenizer": pre_tokenizers.PreTokenizer, "post_processor": processors.PostProcessor, "decoder": decoders.Decoder}[name]):
            setattr(t, name, part)
            return json.loads(t.to_str())[name]

flip = lambda: rng.random() < 0.5
byte_level = lambda: pre_tokenizers.ByteLevel(add_prefix_space=flip(), trim_offsets=flip(), use_regex=flip())
NORMALIZERS = [lambda: normalizers.BertNormalizer(clean_text=flip(), handle_chinese_chars=flip(), strip_accents=rng.choice([None, True, False]), lowercase=flip()),
    normalizers.Lowercase, normalizers.StripAccents, normalizers.NFD, normalizers.NFKD, normalizers.NFC, normalizers.NFKC, normalizers.Nmt, normalizers.ByteLevel,
    lambda: normalizers.Replace(rng.choice(SPLITS), rng.choice(["", " ", "x", "\u2581", "\u00e9\u4e00"])), lambda: normalizers.Replace(Regex(" {2,}"), rng.choice([" ", "\u2581"])),
    lambda: normalizers.Prepend(rng.choice(["\u2581", "ab", " "])), lambda: normalizers.Strip(flip(), flip()), lambda: normalizers.Precompiled(charsmap)]
SPLITTERS = [pre_tokenizers.BertPreTokenizer, pre_tokenizers.Whitespace, pre_tokenizers.WhitespaceSplit, pre_tokenizers.UnicodeScripts, lambda: pre_tokenizers.Digits(flip()), lambda: pre_tokenizers.Punctuation(rng.choice(BEHAVIORS)),
    lambda: pre_tokenizers.FixedLength(rng.randrange(1, 9)), byte_level,
    lambda: pre_tokenizers.CharDelimiterSplit(rng.choice("a. \u2581")), lambda: pre_tokenizers.Metaspace("\u2581", rng.choice(["always", "first", "never"]), flip()), lambda: pre_tokenizers.Split(rng.choice(SPLITS), rng.choice(BEHAVIORS), flip())]

def sequence(of, make, most):
    parts = [rng.choice(of)() for _ in range(rng.randrange(1, most + 1))]
    return parts[0] if len(parts) == 1 else make(parts)

def added():
    contents = rng.sample(["<mask>", "[MASK]", "the", "The", " and", "\u00e9", "e\u0301", "[mask]", "\u4e00\u4e8c", "theme", "a b", "...", "Hello", "  ", "<s>", "\u0130", "\n", "can", "\u2581", "1"], rng.randrange(0, 7))
    return [AddedToken(c, single_word=flip() and flip(), lstrip=flip(), rstrip=flip(), normalized=flip(), special=flip()) for c in contents]

def template(size):
    types = lambda: rng.randrange(0, 3)
    places = {"[CLS]": 2, "[SEP]": 3, "<s>": 5, "</s>": 6}
    left, right = rng.choice([("[CLS]", "[SEP]"), ("<s>", "</s>")])
    single = rng.choice([f"{left}:{types()} $A:{types()} {right}:{types()}", f"$A:{types()} {right}:0 {left}:2", f"$A {right}"])
    pair = rng.choice([f"{left}:{types()} $A:{types()} {right}:{types()} $B:{types()} {right}:{types()}", f"{left} $A {right} {right} $B {right}", f"$B:1 {right} $A:0 {left}"])
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=list(places.items()))

def processor():
    choices = [lambda: None, lambda: template(0), lambda: processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)), lambda: processors.RobertaProcessing(("</s>", 6), ("<s>", 5), trim_offsets=flip(), add_prefix_space=flip()),
        lambda: processors.ByteLevel(trim_offsets=flip()), lambda: processors.Sequence([processors.ByteLevel(trim_offsets=flip()), template(0)])]
    return rng.choice(choices)()

DECODERS = [lambda: None, lambda: decoders.WordPiece("##", flip()), decoders.ByteLevel, lambda: decoders.Metaspace("\u2581", rng.choice(["always", "first", "never"])), lambda: decoders.BPEDecoder("</w>"),
    lambda: decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]), lambda: decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]), lambda: decoders.Replace(Regex(r"\s"), "_"), decoders.Fuse, lambda: decoders.Strip(rng.choice("a \u2581"), rng.randrange(3), rng.randrange(3))]

def assemble(model, normalizer=None, splitter=None, post=None, decoder=None, extra=(), **settings):
    t = Tokenizer(models.BPE())
    body = json.loads(t.to_str())
    for name, part in [("normalizer", normalizer), ("pre_tokenizer", splitter), ("post_processor", post), ("decoder", decoder)]:
        body[name] = None if part is None else component(part)
    body["model"] = {**MODELS[model], **settings}
    t = Tokenizer.from_str(json.dumps(body))
    for token in extra: (t.add_special_tokens if token.special else t.add_tokens)([token])
    return Tokenizer.from_str(t.to_str())

def systematic():
    """One component at a time."""
    meta = decoders.Metaspace()
    for clean in (True, False):
        for strip in (None, True, False):
            for lower in (True, False):
                yield f"bert-{clean}-{strip}-{lower}", assemble("wordpiece", normalizers.BertNormalizer(clean, lower, strip, lower), pre_tokenizers.BertPreTokenizer(), processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2)), decoders.WordPiece())
    for prefix in (True, False):
        for trim in (True, False):
            for regex in (True, False):
                yield f"bytes-{prefix}-{trim}-{regex}", assemble("bytes", None, pre_tokenizers.ByteLevel(prefix, trim, regex), processors.RobertaProcessing(("</s>", 6), ("<s>", 5), trim, prefix), decoders.ByteLevel(), [AddedToken("<mask>", lstrip=True, special=True)], ignore_merges=regex)
    for scheme in ("always", "first", "never"):
        for split in (True, False):
            yield f"metaspace-{scheme}-{split}", assemble("unigram", normalizers.Precompiled(charsmap), pre_tokenizers.Metaspace("\u2581", scheme, split), template(0), decoders.Metaspace("\u2581", scheme, split), [AddedToken("<mask>", lstrip=True, special=True), AddedToken("[MASK]")])
            yield f"metaspace-bpe-{scheme}-{split}", assemble("bpe", None, pre_tokenizers.Metaspace("\u2581", scheme, split), template(0), meta, [AddedToken("<mask>", special=True)], byte_fallback=split, fuse_unk=flip())
    for i, pattern in enumerate(SPLITS):
        for behavior in BEHAVIORS:
            yield f"split-{i}-{behavior}", assemble("words", None, pre_tokenizers.Split(pattern, behavior, rng.random() < 0.3))
        yield f"replace-{i}", assemble("bpe", normalizers.Replace(pattern, "\u2581x"), pre_tokenizers.WhitespaceSplit())
        yield f"split-{i}-bytes", assemble("bytes", normalizers.NFC(), pre_tokenizers.Sequence([pre_tokenizers.Split(pattern, "isolated"), pre_tokenizers.ByteLevel(False, True, False)]), processors.Sequence([processors.ByteLevel(trim_offsets=True), template(0)]), decoders.ByteLevel())
    for behavior in BEHAVIORS: yield f"punctuation-{behavior}", assemble("words", None, pre_tokenizers.Punctuation(behavior))
    for individual in (True, False): yield f"digits-{individual}", assemble("bpe", None, pre_tokenizers.Sequence([pre_tokenizers.Digits(individual), pre_tokenizers.Metaspace()]), None, meta)
    yield "scripts", assemble("unigram", normalizers.NFKC(), pre_tokenizers.Sequence([pre_tokenizers.UnicodeScripts(), pre_tokenizers.WhitespaceSplit()]))
    yield "llama", assemble("bpe", normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]), None, template(0), decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]), [AddedToken("<s>", special=True, normalized=False)], byte_fallback=True, fuse_unk=True)
    yield "clip", assemble("suffix", normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]), pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", True)]), processors.RobertaProcessing(("</s>", 6), ("<s>", 5), False, False), decoders.BPEDecoder("</w>"))
    yield "openai-gpt", assemble("suffix", normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer(), None, decoders.BPEDecoder("</w>"))
    yield "prefix", assemble("prefix", normalizers.Lowercase(), pre_tokenizers.Whitespace(), None, decoders.WordPiece())
    yield "bytes-unigram", assemble("unigram", normalizers.NFKC(), pre_tokenizers.Metaspace(), None, decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]), byte_fallback=True)
    yield "t5", assemble("unigram", normalizers.Precompiled(charsmap), pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]), processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 6)]), meta)
    yield "deberta-v2", assemble("unigram", normalizers.Sequence([normalizers.Strip(), normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")]), pre_tokenizers.Sequence([pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Metaspace()]), template(0), meta)
    yield "normalizer-bytes", assemble("bytes", normalizers.ByteLevel(), None, None, decoders.ByteLevel())

def random_one():
    kind = rng.choice(list(MODELS))
    normalizer = sequence(NORMALIZERS, normalizers.Sequence, 4) if rng.random() < 0.8 else None
    splitter = sequence(SPLITTERS, pre_tokenizers.Sequence, 3) if rng.random() < 0.9 else None
    if kind == "bytes": splitter = rng.choice([byte_level(), pre_tokenizers.Sequence([splitter, byte_level()]) if splitter else byte_level()])
    settings = {}
    if kind in ("bpe", "unigram"): settings["byte_fallback"] = flip()
    if kind in ("bpe", "suffix", "prefix"): settings |= {"fuse_unk": flip(), "ignore_merges": flip(), "unk_token": "[UNK]"}
    if kind == "wordpiece": settings = {"max_input_chars_per_word": rng.choice([4, 100])}
    return assemble(kind, normalizer, splitter, processor(), rng.choice(DECODERS)(), added(), **settings)

def dump(path, rows):
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as f: f.write("\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n")

def tried(make):
    try: return make()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt): raise
        return None

def expected(t, text):
    e = t.encode(text)
    return {"ids": e.ids, "offsets": e.offsets, "words": e.word_ids, "decoded": t.decode(e.ids, skip_special_tokens=True)}

def pairs_of(t):
    for _ in range(60):
        a, b = rng.randrange(len(TEXTS)), rng.randrange(len(TEXTS))
        limit, stride = rng.choice([(8, 0), (16, 3), (24, 8), (48, 16), (96, 32)])
        strategy, direction = rng.choice(["longest_first", "only_second", "only_first"]), rng.choice(["right", "right", "left"])
        def windows():
            t.enable_truncation(limit, stride=stride, strategy=strategy, direction=direction)
            e = t.encode(TEXTS[a], TEXTS[b])
            return [{"ids": w.ids, "types": w.type_ids, "offsets": w.offsets} for w in [e] + e.overflowing]
        found = tried(windows); t.no_truncation()
        if found: yield {"a": a, "b": b, "max": limit, "stride": stride, "strategy": strategy, "direction": direction, "windows": found}

def write(name, t):
    folder = f"{out}/{name}"; os.makedirs(folder, exist_ok=True)
    gzip.open(f"{folder}/tokenizer.json.gz", "wt", encoding="utf-8", compresslevel=1).write(t.to_str())
    dump(f"{folder}/pairs.jsonl.gz", list(pairs_of(t)))
    dump(f"{folder}/expected.jsonl.gz", [tried(lambda: expected(t, text)) for text in TEXTS])

def apart(name, make):
    """In a process of its own, of bounded time and memory: the reference loops on some files."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what the reference prints when it fails
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)); signal.alarm(60)
        rng.seed(name); t = tried(make)
        if t is not None: write(name, t)
        os._exit(0)
    os.waitpid(child, 0)
    if not os.path.exists(f"{out}/{name}/expected.jsonl.gz"): print(f"{name}: the reference has no result")

os.makedirs(out, exist_ok=True)
dump(f"{out}/texts.jsonl.gz", TEXTS)
if seed == 1:
    for name, t in systematic(): apart(name, lambda: t)
for i in range(count): apart(f"random-{seed}-{i:03}", random_one)
print(f"{len(os.listdir(out)) - 1} tokenizers, {len(TEXTS)} texts, tokenizers {library.__version__}")
