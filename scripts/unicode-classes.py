"""
Write sdk/tokenizer/text/unicode-data.ts: what the reference library thinks of each Unicode code point.

    pip install tokenizers==0.23.3 && python scripts/unicode-classes.py > sdk/tokenizer/text/unicode-data.ts

The reference mixes tables of several Unicode versions (letters of its regex engine, marks and punctuation of an older
crate, decompositions of a third). Asking it about every code point is the only way to have the same classes,
and a table of our own gives the same ids in every JavaScript engine, whatever Unicode version that has.
"""
import struct, unicodedata
from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
# a-z and 0-9 write the lengths; these name the classes. Neither quotes nor backslashes, so that the text needs no escapes.
SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#%&()*+,-./:;<=>?@[]^_{|}~"

def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **on}).normalize_str

def matches(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str
    return lambda c: len(split("\x00" + c + "\x00")) == 3

clean, marks, han = bert(clean_text=True), bert(strip_accents=True), bert(handle_chinese_chars=True)
strip, lower = normalizers.StripAccents().normalize_str, normalizers.Lowercase().normalize_str
nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str
white = pre_tokenizers.WhitespaceSplit().pre_tokenize_str
punctuation, digits = pre_tokenizers.Punctuation().pre_tokenize_str, pre_tokenizers.Digits().pre_tokenize_str
words = pre_tokenizers.Whitespace().pre_tokenize_str

# In the order of the bits in sdk/tokenizer/text/unicode.ts.
TESTS = [
    matches(r"\p{L}"),
    matches(r"\p{N}"),
    lambda c: len(white("a" + c + "b")) == 2,
    lambda c: len(punctuation("aa" + c + "bb")) == 3,
    lambda c: marks("a" + c) == "a",
    lambda c: strip("a" + c) == "a",
    lambda c: clean("a" + c + "b") == "ab",
    lambda c: lower(c) != c,
    lambda c: nfd(c) != c,
    lambda c: nfkd(c) != c,
    matches(r"\w"),
    lambda c: len(digits("!" + c + "!")) == 3,
    lambda c: len(words("a" + c)) == 1 and words("a" + c)[0][1] == (0, 2),
    lambda c: han(c) == " " + c + " ",
    matches(r"\p{P}"),
    matches(r"\p{S}"),
]

def base36(n):
    text = ""
    while n or not text: n, digit = divmod(n, 36); text = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + text
    return text

def runs(values):
    """[(value, length)] over the whole code space; surrogates have the value 0."""
    out = []
    for c in range(0x110000):
        v = values.get(c, 0)
        if out and out[-1][0] == v: out[-1][1] += 1
        else: out.append([v, 1])
    return out

def order(c):
    """Canonical combining class, as far as the reference knows it: it must move the mark before a higher class."""
    k = unicodedata.combining(chr(c))
    if k == 0 or k == 240: return k
    text = "\u0345" + chr(c)
    return k if nfd(text) != text and nfd(text).endswith("\u0345") else 0

# Grapheme clusters. Precompiled maps look whole clusters of fewer than 6 bytes up first. This map, a double array in which
# every first byte is a key with the value "X", answers one X for two characters that cling together and two for others.
units = [256 << 10] + [0] * 1023
for byte in range(1, 256): units[256 ^ byte] = ((256 ^ byte ^ 512) << 10) | (1 << 8) | byte
charsmap = struct.pack("<I", 4 * len(units)) + b"".join(struct.pack("<I", u) for u in units) + b"X\x00"
cling = normalizers.Precompiled(charsmap).normalize_str

def grapheme(c):
    """1: nothing clings to it; 2: it clings to what is before it; 3: what follows clings to it. As far as 6 bytes can tell."""
    c = chr(c)
    if len(c.encode()) < 4 and cling(c + "\u0301") == "XX": return 1
    if cling("a" + c) == "X": return 2
    return 3 if len(c.encode()) < 4 and cling(c + "a") == "X" else 0

# Scripts: 0 for characters that go with any; the others are numbered as they first occur.
scripts_of = pre_tokenizers.UnicodeScripts().pre_tokenize_str
scripts, examples = {}, []
for text, _ in scripts_of("".join(chr(c) for c in POINTS if scripts_of(chr(c)))):
    known = next((i for i, example in enumerate(examples) if len(scripts_of(example + text[0])) == 1), len(examples))
    if known == len(examples): examples.append(text[0])
    for c in text: scripts[ord(c)] = known + 1

classes = {c: sum(1 << bit for bit, test in enumerate(TESTS) if test(chr(c))) for c in POINTS}
combining = {c: order(c) for c in POINTS if unicodedata.combining(chr(c))}

def table(name, note, values):
    spans = runs(values)
    distinct = sorted({v for v, _ in spans}, key=lambda v: -sum(1 for w, _ in spans if w == v))
    assert len(distinct) <= 26 + 27 * 26, len(distinct)
    # The commonest classes take one symbol; the others two, the first of them not a capital letter.
    capitals, others = SYMBOLS[:26], SYMBOLS[26:]
    names = list(capitals) + [a + b for a in others for b in capitals]
    text = "".join(base36(length) + names[distinct.index(v)] for v, length in spans)
    print(f"\n/** {note} */")
    print(f"export const {name}Values: readonly number[] = {distinct};")
    print(f"export const {name}Runs =")
    lines = [text[i:i + 116] for i in range(0, len(text), 116)]
    print(" +\n".join(f'  "{line}"' for line in lines) + ";")

print('/** Written by scripts/unicode-classes.py from the answers of Hugging Face tokenizers 0.23.3: do not edit. */')
table("class", "Classes of all code points: run lengths in base 36, each followed by the name of its class.", classes)
table("combining", "Canonical combining classes, in the same form.", combining)
table("grapheme", "How characters cling together, in the same form.", {c: grapheme(c) for c in POINTS[1:]})
table("script", "Scripts, by numbers of their own, in the same form; 0 goes with any.", scripts)
