"""
Write tokenizer-settings.json: small model folders of every layout of tokenizer files and every setting, and what
transformers' AutoTokenizer makes of a few texts with each.

    pip install transformers==5.24.0 tokenizers==0.23.3 sentencepiece==0.2.1 protobuf && python tests/io/reference/make_tokenizer_settings.py

Each case: files (text, or base64 for SentencePiece models; names of `shared` files stand for their contents), and for each
text the ids. Folders that the library refuses are left out.
"""
import base64, io, json, pathlib, random, tempfile, warnings
import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
TEXTS = ["Hello world", "Café, the  cat.", "a [MASK] b", "[E1] hello <mask>", "中文 42", "", "x 😀 ¼", "HELLO</s>THE  [CLS]cat <extra>"]
LINES = ["hello world", "the cat sat on the mat", "a cafe and a cat", "Hello World again", "the Café is here", "中文", "42 1 4"] * 30


def spm(**options):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=out, vocab_size=48, character_coverage=1.0, hard_vocab_limit=False,
        normalization_rule_name="identity", minloglevel=2, **options)
    return out.getvalue()


PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "Hello", "the", "cat", "cafe", "Café", "a", "b", "x",
          "中", "文", "中文", ",", ".", "[", "]", "<", ">", "mask", "##s", "4", "##2", "E", "##1", "e"]
SPECIAL = PIECES[:5]


def bert(lowercase, chinese=True):
    t = Tokenizer(models.WordPiece({p: i for i, p in enumerate(PIECES)}, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase, handle_chinese_chars=chinese)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.add_special_tokens(SPECIAL)
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return t.to_str()


def roberta(prefix=False):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"]))
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, prefix)
    return t


ROBERTA = roberta()
MODEL = json.loads(ROBERTA.to_str())["model"]
XLMR, DEBERTA = spm(), spm(bos_id=1, eos_id=2, unk_id=3, pad_id=0, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
T5 = spm(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
ALBERT = spm(pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"])
SHARED = {
    "uncased": bert(True), "cased": bert(False), "roberta": ROBERTA.to_str(),
    "vocab.txt": "\n".join(PIECES) + "\n",
    "vocab.json": json.dumps(MODEL["vocab"], ensure_ascii=False),
    "merges.txt": "#version: 0.2\n" + "\n".join(" ".join(m) for m in MODEL["merges"]) + "\n",
    "xlmr.spm": XLMR, "deberta.spm": DEBERTA, "t5.spm": T5, "albert.spm": ALBERT,
}


def made(file, shared, cls, model_type):
    """The tokenizer.json that the library makes of a SentencePiece model."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, file).write_bytes(SHARED[shared])
        pathlib.Path(folder, "config.json").write_text(json.dumps({"model_type": model_type}))
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": cls}))
        return AutoTokenizer.from_pretrained(folder)._tokenizer.to_str()


SPM = "sentencepiece.bpe.model"
SHARED.update({
    "xlmr.json": made(SPM, "xlmr.spm", "XLMRobertaTokenizer", "xlm-roberta"),
    "camembert.json": made(SPM, "xlmr.spm", "CamembertTokenizer", "camembert"),
    "mbart.json": made(SPM, "xlmr.spm", "MBartTokenizer", "mbart"),
    "t5.json": made("spiece.model", "t5.spm", "T5Tokenizer", "t5"),
    "albert.json": made("spiece.model", "albert.spm", "AlbertTokenizer", "albert"),
    "deberta.json": made("spm.model", "deberta.spm", "DebertaV2Tokenizer", "deberta-v2"),
})
names = dict(unk_token="[UNK]", sep_token="[SEP]", pad_token="[PAD]", cls_token="[CLS]", mask_token="[MASK]")
angle = dict(unk_token="<unk>", sep_token="</s>", pad_token="<pad>", cls_token="<s>", mask_token="<mask>", bos_token="<s>", eos_token="</s>")
E1 = dict(content="[E1]", lstrip=False, normalized=False, rstrip=False, single_word=False, special=True)
CASES = {}


def case(name, files, model_type, config=None, **others):
    CASES[name] = dict(files=files, json={
        "config.json": {"model_type": model_type},
        **({"tokenizer_config.json": config} if config is not None else {}), **{k.replace("__", "."): v for k, v in others.items()}})


for cls in ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizer", "PreTrainedTokenizerFast", None]:
    for base in ["uncased", "cased"]:
        config = {**names, "do_lower_case": base == "cased", **({"tokenizer_class": cls} if cls else {})}
        case(f"do_lower_case {config['do_lower_case']} over {base}, {cls}", {"tokenizer.json": base}, "bert", config)
case("BertTokenizer without do_lower_case", {"tokenizer.json": "cased"}, "bert", {**names, "tokenizer_class": "BertTokenizer"})
for field, value in [("strip_accents", True), ("strip_accents", False), ("tokenize_chinese_chars", False)]:
    for lower in [True, False]:
        case(f"{field} {value}, do_lower_case {lower}", {"tokenizer.json": "uncased"}, "bert",
             {**names, "tokenizer_class": "BertTokenizer", "do_lower_case": lower, field: value})
case("split_special_tokens", {"tokenizer.json": "uncased"}, "bert", {**names, "tokenizer_class": "BertTokenizer", "split_special_tokens": True})
case("split_special_tokens, general class", {"tokenizer.json": "uncased"}, "bert", {**names, "tokenizer_class": "PreTrainedTokenizerFast", "split_special_tokens": True})
for cls in ["BertTokenizer", "PreTrainedTokenizerFast"]:
    general = {**names, "tokenizer_class": cls, "do_lower_case": True}
    case(f"added_tokens_decoder, {cls}", {"tokenizer.json": "uncased"}, "bert", {**general, "added_tokens_decoder": {"31": E1}})
    case(f"added_tokens_decoder with a gap, {cls}", {"tokenizer.json": "uncased"}, "bert", {**general, "added_tokens_decoder": {"40": {**E1, "content": "cat."}, "35": E1}})
    case(f"additional_special_tokens, {cls}", {"tokenizer.json": "uncased"}, "bert", {**general, "additional_special_tokens": ["[E1]", "hello"]})
    case(f"extra_special_tokens, {cls}", {"tokenizer.json": "uncased"}, "bert", {**general, "extra_special_tokens": ["[E1]"]})
    case(f"special_tokens_map.json, {cls}", {"tokenizer.json": "uncased"}, "bert", general, special_tokens_map__json={**names, "mask_token": {**E1, "content": "<mask>", "lstrip": True}, "additional_special_tokens": ["[E1]"]})
    case(f"added_tokens.json, {cls}", {"tokenizer.json": "uncased"}, "bert", general, added_tokens__json={"[E1]": 32, "cat.": 31})
for cls in ["RobertaTokenizer", "BartTokenizer", "GPT2Tokenizer", "PreTrainedTokenizerFast", None]:
    for prefix in [True, False]:
        case(f"add_prefix_space {prefix}, {cls}", {"tokenizer.json": "roberta"}, "roberta", {**angle, "add_prefix_space": prefix, **({"tokenizer_class": cls} if cls else {})})
case("vocab.json and merges.txt", {"vocab.json": "vocab.json", "merges.txt": "merges.txt"}, "roberta", {**angle, "tokenizer_class": "RobertaTokenizer"})
case("vocab.json and merges.txt alone", {"vocab.json": "vocab.json", "merges.txt": "merges.txt"}, "roberta")
case("vocab.json and merges.txt, prefix space", {"vocab.json": "vocab.json", "merges.txt": "merges.txt"}, "bart", {**angle, "tokenizer_class": "BartTokenizer", "add_prefix_space": True})
case("vocab.txt", {"vocab.txt": "vocab.txt"}, "bert", {"tokenizer_class": "BertTokenizer"})
case("vocab.txt alone", {"vocab.txt": "vocab.txt"}, "bert")
case("vocab.txt, cased", {"vocab.txt": "vocab.txt"}, "bert", {"do_lower_case": False})
case("vocab.txt with an added token", {"vocab.txt": "vocab.txt"}, "bert", {"do_lower_case": True}, added_tokens__json={"[E1]": 31})
case("vocab.txt, Japanese, pieces", {"vocab.txt": "vocab.txt"}, "bert", {**names, "tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "basic", "subword_tokenizer_type": "wordpiece"})
case("vocab.txt, Japanese, characters", {"vocab.txt": "vocab.txt"}, "bert", {**names, "tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "basic", "subword_tokenizer_type": "character"})
case("XLM-R", {"sentencepiece.bpe.model": "xlmr.spm"}, "xlm-roberta", {"tokenizer_class": "XLMRobertaTokenizer"})
case("XLM-R, no tokenizer_config.json", {"sentencepiece.bpe.model": "xlmr.spm"}, "xlm-roberta")
case("XLM-R, no prefix space", {"sentencepiece.bpe.model": "xlmr.spm"}, "xlm-roberta", {"tokenizer_class": "XLMRobertaTokenizer", "add_prefix_space": False})
case("CamemBERT", {"sentencepiece.bpe.model": "xlmr.spm"}, "camembert", {"tokenizer_class": "CamembertTokenizer"})
for language in [None, "de_DE"]:
    case(f"mBART {language}", {"sentencepiece.bpe.model": "xlmr.spm"}, "mbart", {"tokenizer_class": "MBartTokenizer", "src_lang": language})
    case(f"mBART-50 {language}", {"sentencepiece.bpe.model": "xlmr.spm"}, "mbart", {"tokenizer_class": "MBart50Tokenizer", "src_lang": language})
case("T5", {"spiece.model": "t5.spm"}, "t5", {"tokenizer_class": "T5Tokenizer"})
case("T5, ten extra ids", {"spiece.model": "t5.spm"}, "t5", {"tokenizer_class": "T5Tokenizer", "extra_ids": 10})
for lower in [True, False]:
    case(f"ALBERT, do_lower_case {lower}", {"spiece.model": "albert.spm"}, "albert", {"tokenizer_class": "AlbertTokenizer", "do_lower_case": lower})
    case(f"DeBERTa-v2, do_lower_case {lower}", {"spm.model": "deberta.spm"}, "deberta-v2", {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": lower})
case("ALBERT, keep_accents", {"spiece.model": "albert.spm"}, "albert", {"tokenizer_class": "AlbertTokenizer", "keep_accents": True})
case("DeBERTa-v2, split_by_punct", {"spm.model": "deberta.spm"}, "deberta-v2", {"tokenizer_class": "DebertaV2Tokenizer", "split_by_punct": True})
case("DeBERTa-v2, other names", {"spm.model": "xlmr.spm"}, "deberta-v2", {"tokenizer_class": "DebertaV2Tokenizer"})


# Files that name tokens, in every shape and with ids that collide or leave gaps, for every class: drawn with a fixed seed.
R = random.Random(20)
T5_NAMES = dict(unk_token="<unk>", pad_token="<pad>", eos_token="</s>")
DEBERTA_NAMES = {**names, "bos_token": "[CLS]", "eos_token": "[SEP]"}
ALBERT_NAMES = {**DEBERTA_NAMES, "unk_token": "<unk>", "pad_token": "<pad>"}
FOLDERS = [
    ("tokenizer.json", "uncased", "bert", ["BertTokenizer", "DistilBertTokenizerFast", "PreTrainedTokenizerFast"], names),
    ("vocab.txt", "vocab.txt", "bert", ["BertTokenizer", None], names),
    ("tokenizer.json", "roberta", "roberta", ["RobertaTokenizer", "GPT2Tokenizer", "PreTrainedTokenizerFast"], angle),
    ("vocab.json", "vocab.json", "bart", ["BartTokenizer", None], angle),
    (SPM, "xlmr.spm", "xlm-roberta", ["XLMRobertaTokenizer", None], angle),
    (SPM, "xlmr.spm", "camembert", ["CamembertTokenizer"], angle),
    (SPM, "xlmr.spm", "mbart", ["MBartTokenizer", "MBart50Tokenizer"], angle),
    ("spiece.model", "t5.spm", "t5", ["T5Tokenizer", None], T5_NAMES),
    ("spiece.model", "albert.spm", "albert", ["AlbertTokenizer"], ALBERT_NAMES),
    ("spm.model", "deberta.spm", "deberta-v2", ["DebertaV2Tokenizer"], DEBERTA_NAMES),
    ("tokenizer.json", "xlmr.json", "xlm-roberta", ["XLMRobertaTokenizer", "PreTrainedTokenizerFast"], angle),
    ("tokenizer.json", "camembert.json", "camembert", ["CamembertTokenizerFast"], angle),
    ("tokenizer.json", "mbart.json", "mbart", ["MBartTokenizerFast"], angle),
    ("tokenizer.json", "t5.json", "t5", ["T5TokenizerFast"], T5_NAMES),
    ("tokenizer.json", "albert.json", "albert", ["AlbertTokenizer"], ALBERT_NAMES),
    ("tokenizer.json", "deberta.json", "deberta-v2", ["DebertaV2TokenizerFast"], DEBERTA_NAMES),
]
OTHERS = ["[E1]", "<extra>", "hello", "cat.", "HELLO", "[MASK]", "<mask>", "ca", "Café", "中"]


def token(content, typed, share=0.5):
    """A token as text, or as an object with some of its flags."""
    if R.random() < share:
        return content
    flags = {flag: R.random() < 0.4 for flag in ["lstrip", "rstrip", "normalized", "single_word"] if R.random() < 0.7}
    return {"content": content, **flags, **({"__type": "AddedToken"} if typed else {})}


for number in range(120):
    file, shared, model_type, classes, roles = R.choice(FOLDERS)
    cls = R.choice(classes)
    files = {file: shared, **({"merges.txt": "merges.txt"} if file == "vocab.json" else {})}
    some = lambda typed: {role: token(name, typed) for role, name in roles.items() if R.random() < 0.8}
    config = {**({"tokenizer_class": cls} if cls else {}), **(some(True) if R.random() < 0.6 else {})}
    if R.random() < 0.3:
        config["additional_special_tokens"] = [token(R.choice(OTHERS), True) for _ in range(R.randint(0, 3))]
    if R.random() < 0.3:
        config["added_tokens_decoder"] = {str(R.choice([1, 4, 30, 31, 33, 40, 48, 300])): token(R.choice(OTHERS + [*roles.values()]), False, 0) for _ in range(R.randint(1, 3))}
    beside = {}
    if R.random() < 0.5:
        beside["special_tokens_map__json"] = {**some(False), **({"additional_special_tokens": R.sample(OTHERS, 2)} if R.random() < 0.4 else {})}
        if R.random() < 0.3:
            beside["special_tokens_map__json"][R.choice([*roles])] = token(R.choice(OTHERS), False)
    if R.random() < 0.4:
        beside["added_tokens__json"] = {R.choice(OTHERS): R.choice([3, 30, 31, 33, 48, 49, 300]) for _ in range(R.randint(1, 3))}
    case(f"drawn {number}: {cls or model_type}, {file}", files, model_type, config, **beside)

# Tokens that have a field of their own, and the treatment of special tokens that a file asks for.
for cls in ["BertTokenizer", "PreTrainedTokenizerFast"]:
    config = {**names, "tokenizer_class": cls, "image_token": "[E1]", "boi_token": "hello", "extra_special_tokens": {"eoi_token": "<extra>"}}
    case(f"fields that name tokens, {cls}", {"tokenizer.json": "uncased"}, "bert", config)
    case(f"fields that name tokens, in special_tokens_map.json, {cls}", {"tokenizer.json": "uncased"}, "bert", {**names, "tokenizer_class": cls},
         special_tokens_map__json={**names, "image_token": {**E1, "lstrip": True}})
for begin, end in [(True, True), (True, False), (False, True), (None, False)]:
    ends = {**({} if begin is None else {"add_bos_token": begin}), "add_eos_token": end}
    case(f"ALBERT, marks {begin} {end}", {"spiece.model": "albert.spm"}, "albert", {"tokenizer_class": "AlbertTokenizer", **ends})
    case(f"T5, marks {begin} {end}", {"spiece.model": "t5.spm"}, "t5", {"tokenizer_class": "T5Tokenizer", **ends})
    case(f"ALBERT, marks {begin} {end}, tokenizer.json", {"tokenizer.json": "albert.json"}, "albert", {"tokenizer_class": "AlbertTokenizer", **ends})
for prefix in [None, True, False]:
    case(f"BARThez, add_prefix_space {prefix}", {"tokenizer.json": "xlmr.json"}, "mbart",
         {"tokenizer_class": "BarthezTokenizer", **({} if prefix is None else {"add_prefix_space": prefix})})
for model_type, cls in [("mpnet", "MPNetTokenizer"), ("distilbert", None), ("nomic_bert", None)]:
    case(f"vocab.txt of {model_type}", {"vocab.txt": "vocab.txt"}, model_type, {**names, **({"tokenizer_class": cls} if cls else {})})
for cls in ["LongformerTokenizer", "LEDTokenizer", "GPT2Tokenizer"]:
    case(f"{cls}, add_prefix_space", {"tokenizer.json": "roberta"}, "roberta", {**angle, "tokenizer_class": cls, "add_prefix_space": True})
# The unknown token of a class, which the file's model has under another name.
for model_type, cls in [("bert", "BertTokenizer"), ("mpnet", "MPNetTokenizer"), ("bert", "PreTrainedTokenizerFast"), ("bert", None)]:
    case(f"unk_token of {cls} over {model_type}'s tokenizer.json", {"tokenizer.json": "uncased"}, model_type,
         {**names, "unk_token": "[MASK]", "mask_token": "x", **({"tokenizer_class": cls} if cls else {})})
# One token in two of the older files.
for key in ["additional_special_tokens", "extra_special_tokens"]:
    for place, config, beside in [("special_tokens_map.json", {}, {"special_tokens_map__json": {key: ["HELLO"]}}), ("tokenizer_config.json", {key: ["HELLO"]}, {}),
                                  ("both", {key: ["HELLO"]}, {"special_tokens_map__json": {key: ["HELLO"]}})]:
        case(f"{key} in {place}, and in added_tokens.json", {"vocab.txt": "vocab.txt"}, "bert", {"tokenizer_class": "BertTokenizer", **config},
             added_tokens__json={"HELLO": 31}, **beside)

for name, made in CASES.items():
    with tempfile.TemporaryDirectory() as folder:
        for file, shared in made["files"].items():
            content = SHARED[shared]
            pathlib.Path(folder, file).write_bytes(content if isinstance(content, bytes) else content.encode())
        for file, value in made["json"].items():
            pathlib.Path(folder, file).write_text(json.dumps(value))
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            made["ids"] = [tokenizer(text)["input_ids"] for text in TEXTS]
        except Exception as error:
            print(name, type(error).__name__, str(error)[:150])
            made["ids"] = None
CASES = {name: made for name, made in CASES.items() if made["ids"] is not None}
shared = {n: {"base64": base64.b64encode(c).decode()} if isinstance(c, bytes) else {"text": c} for n, c in SHARED.items()}
(HERE / "tokenizer-settings.json").write_text(json.dumps(dict(texts=TEXTS, shared=shared, cases=CASES), ensure_ascii=False) + "\n")
