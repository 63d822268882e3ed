"""
Write tokenizer-settings.json: small model folders of every layout of tokenizer files and every setting, and what
transformers' AutoTokenizer makes of a few texts with each.

    pip install transformers==5.24.0 tokenizers==0.23.3 sentencepiece==0.2.1 protobuf && python tests/io/reference/make_tokenizer_settings.py

Each case: files (text, or base64 for SentencePiece models; names of `shared` files stand for their contents), and for each
text the ids, or null where the library refuses the folder.
"""
import base64, io, json, pathlib, tempfile, warnings
import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
TEXTS = ["Hello world", "Café, the  cat.", "a [MASK] b", "[E1] hello <mask>", "中文 42", "", "x 😀 ¼"]
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
shared = {n: {"base64": base64.b64encode(c).decode()} if isinstance(c, bytes) else {"text": c} for n, c in SHARED.items()}
(HERE / "tokenizer-settings.json").write_text(json.dumps(dict(texts=TEXTS, shared=shared, cases=CASES), ensure_ascii=False) + "\n")
