"""
Encodings of tokenizer folders as models were published before tokenizer.json, as transformers' AutoTokenizer reads them.

    pip install torch transformers sentencepiece protobuf      # versions used: see versions.json
    python3 tests/io/reference/make_tokenizers.py

Writes tokenizer-folders.json beside itself: for each folder its files (JSON and text as they are, others in base64), texts,
and their ids. SentencePiece models are trained here on a few sentences, with a small character map of their own.
"""
import base64
import io
import json
import pathlib
import tempfile
import warnings

import sentencepiece
import transformers
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
transformers.logging.set_verbosity_error()
warnings.filterwarnings("ignore")

SENTENCES = """The cat sat on the mat. A dog ran to the cat and the sun was up.
Anna lives in Rome, but Paul lives in Paris; they write letters, cards and books.
Le chat est sur le tapis. Das Haus ist groß und die Sonne scheint. HELLO WORLD again and again.
one two three four five six seven eight nine ten eleven twelve""".split("\n")
TEXTS = ["The cat sat.", "  Hello   World\n again ", "Ｆｕｌｌ ﬁne groß Élan", "", "a dog, a cat; 42!", "un chat ☃ 好", "the <mask> cat </s> [MASK]"]
PAIRS = [("the cat", "a dog ran"), ("Anna", "The cat sat.")]


def spm(symbols=(), **more):
    """The bytes of a Unigram model. `ﬁ`, full-width letters and the ideographic space are mapped as NFKC does."""
    with tempfile.TemporaryDirectory() as path:
        rules = pathlib.Path(path) / "rules.tsv"
        pairs = [("ﬁ", "fi"), ("\u3000", " "), ("\n", " "), *[(chr(0xFF21 + i), chr(0x41 + i)) for i in range(26)], *[(chr(0xFF41 + i), chr(0x61 + i)) for i in range(26)]]
        rules.write_text("".join(f"{' '.join(f'{ord(c):X}' for c in source)}\t{' '.join(f'{ord(c):X}' for c in target)}\n" for source, target in pairs))
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES * 20), model_writer=model, vocab_size=120, model_type="unigram", normalization_rule_tsv=str(rules),
            user_defined_symbols=list(symbols), minloglevel=2, hard_vocab_limit=False, **more)
        return model.getvalue()


def folder(name, model_type, files, settings=None, texts=TEXTS, pairs=PAIRS):
    files = {"config.json": {"model_type": model_type}, **({"tokenizer_config.json": settings} if settings is not None else {}), **files}
    with tempfile.TemporaryDirectory() as root:
        for file, content in files.items():
            (pathlib.Path(root) / file).write_bytes(content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode())
        tokenizer = AutoTokenizer.from_pretrained(root)
        encoded = [{"text": text, "ids": tokenizer(text)["input_ids"]} for text in texts]
        encoded += [{"text": a, "pair": b, "ids": tokenizer(a, b)["input_ids"]} for a, b in pairs]
        words = {role: getattr(tokenizer, f"{role}_token_id") for role in ("unk", "bos", "eos", "sep", "cls", "pad", "mask")}
    kept = {file: {"base64": base64.b64encode(content).decode()} if isinstance(content, bytes) else content for file, content in files.items()}
    print(name, type(tokenizer).__name__)
    return {"name": name, "files": kept, "special": words, "encoded": encoded}


def byte_level():
    """vocab.json and merges.txt of a few sentences."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(SENTENCES * 3, trainers.BpeTrainer(vocab_size=330, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
                                                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(t.to_str())["model"]
    return model["vocab"], "#version: 0.2\n" + "".join(" ".join(merge) + "\n" for merge in model["merges"])


vocab, merges = byte_level()
gpt = {{"<s>": "<|endoftext|>", "<pad>": "<1>", "</s>": "<2>", "<unk>": "<3>", "<mask>": "<4>"}.get(piece, piece): i for piece, i in vocab.items()}
plain = spm()
t5 = spm(pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
albert = spm(["[CLS]", "[SEP]", "[MASK]"], pad_id=0, unk_id=1, bos_id=-1, eos_id=-1)
control = spm(pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
marian = spm(unk_id=0, bos_id=1, eos_id=2)
pieces = sentencepiece.SentencePieceProcessor(model_proto=marian)
marian_vocab = {"</s>": 0, "<unk>": 1, **{p: i + 2 for i, p in enumerate(pieces.id_to_piece(i) for i in range(3, len(pieces)))}}
marian_vocab[">>fra<<"] = len(marian_vocab)
marian_vocab["<pad>"] = len(marian_vocab)
WORDPIECES = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "The", "cat", "dog", "a", "A", "sat", ".", ",", "hello", "world", "Hello", "gro", "##ß", "##ss", "elan", "Anna", "anna", "ran", "!", "42", "chat", "un", "好"]) + "\n"
RENAMED = WORDPIECES.replace("[PAD]", "<pad>").replace("[UNK]", "<unk>").replace("[CLS]", "<s>").replace("[SEP]", "</s>").replace("[MASK]", "<mask>")
NAMES = {"unk_token": "<unk>", "sep_token": "</s>", "pad_token": "<pad>", "cls_token": "<s>", "mask_token": "<mask>"}
B, R, G = "BertTokenizer", "RobertaTokenizer", "GPT2Tokenizer"

folders = [
    folder("XLM-R: sentencepiece.bpe.model", "xlm-roberta", {"sentencepiece.bpe.model": plain}, {"tokenizer_class": "XLMRobertaTokenizer"}),
    folder("XLM-R: no tokenizer_config.json", "xlm-roberta", {"sentencepiece.bpe.model": plain}),
    folder("CamemBERT: sentencepiece.bpe.model", "camembert", {"sentencepiece.bpe.model": plain}, {"tokenizer_class": "CamembertTokenizer"}),
    folder("mBART: sentencepiece.bpe.model, src_lang", "mbart", {"sentencepiece.bpe.model": plain}, {"tokenizer_class": "MBartTokenizer", "src_lang": "de_DE"}),
    folder("mBART: no language", "mbart", {"sentencepiece.bpe.model": plain}, {"tokenizer_class": "MBartTokenizer"}),
    folder("DeBERTa-v3: spm.model", "deberta-v2", {"spm.model": control}, {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": False}),
    folder("DeBERTa-v3: lowercased, punctuation apart", "deberta-v2", {"spm.model": control}, {"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": True, "split_by_punct": True}),
    folder("DeBERTa-v2: spm.model without its special pieces", "deberta-v2", {"spm.model": plain}, {"tokenizer_class": "DebertaV2Tokenizer"}, texts=[t for t in TEXTS if "☃" not in t and "4" not in t and "É" not in t]),
    folder("ALBERT: spiece.model", "albert", {"spiece.model": albert}, {"tokenizer_class": "AlbertTokenizer"}),
    folder("ALBERT: case and accents kept", "albert", {"spiece.model": albert}, {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True}),
    folder("T5: spiece.model", "t5", {"spiece.model": t5}, {"tokenizer_class": "T5Tokenizer"}),
    folder("T5: ten extra ids", "t5", {"spiece.model": t5}, {"tokenizer_class": "T5Tokenizer", "extra_ids": 10}, texts=[*TEXTS, "a <extra_id_3> b"]),
    folder("Marian: source.spm, target.spm, vocab.json", "marian", {"source.spm": marian, "target.spm": marian, "vocab.json": marian_vocab},
           {"tokenizer_class": "MarianTokenizer", "source_lang": "eng", "target_lang": "fra"}, texts=[*TEXTS, ">>fra<< the cat", ">>xx<<the cat", "the >>fra<< cat", " >>fra<< cat", ">><< a", ">>a b<<c<< d", ">>fra the cat", ">>fra<<", ">>fra<<>>fra<< cat", "the</s>>>fra<< cat", ">>a</s>b<< cat"]),
    folder("RoBERTa: vocab.json, merges.txt", "roberta", {"vocab.json": vocab, "merges.txt": merges}, {"tokenizer_class": R}),
    folder("RoBERTa: add_prefix_space", "roberta", {"vocab.json": vocab, "merges.txt": merges}, {"tokenizer_class": R, "add_prefix_space": True}),
    folder("BART: vocab.json, merges.txt", "bart", {"vocab.json": vocab, "merges.txt": merges}, {"tokenizer_class": "BartTokenizer"}),
    folder("GPT-2: vocab.json, merges.txt", "gpt2", {"vocab.json": gpt, "merges.txt": merges}, {"tokenizer_class": G}),
    folder("GPT-2: no tokenizer_config.json", "gpt2", {"vocab.json": gpt, "merges.txt": merges}),
    folder("BERT: vocab.txt", "bert", {"vocab.txt": WORDPIECES}),
    folder("BERT: vocab.txt, cased, accents stripped, no words of Chinese", "bert", {"vocab.txt": WORDPIECES}, {"tokenizer_class": B, "do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}),
    folder("BERT: special tokens by other names", "bert", {"vocab.txt": RENAMED}, {"tokenizer_class": B, **NAMES}),
    folder("DistilBERT: special tokens by other names", "distilbert", {"vocab.txt": RENAMED}, {"tokenizer_class": "DistilBertTokenizer", **NAMES}),
    folder("MPNet: vocab.txt", "mpnet", {"vocab.txt": RENAMED.replace("<unk>", "[UNK]")}, {"tokenizer_class": "MPNetTokenizer"}),
]
(HERE / "tokenizer-folders.json").write_text(json.dumps(folders, ensure_ascii=False, separators=(",", ":")) + "\n")
print(len(folders), "folders")
