"""
Write sdk/tokenizer/text/unicode-data.ts: the classes that the reference library gives to each Unicode code point.

    pip install tokenizers==0.23.3 && python scripts/unicode-classes.py > sdk/tokenizer/text/unicode-data.ts

The reference mixes tables of several Unicode versions (letters of its regex engine, marks and punctuation of an older
crate, decompositions of a third). Asking it about every code point is the only way to have the same classes,
and a table of our own gives the same ids in every JavaScript engine, whatever Unicode version that has.

Decompositions and lower case are not stored: Unicode never changes those of a character, so every engine that knows the
character has the reference's. The table says which characters the reference knows, and which of them decompose in newer
versions of Unicode only.
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
strip = normalizers.StripAccents().normalize_str
nfd, nfkd = normalizers.NFD().normalize_str, normalizers.NFKD().normalize_str

# Characters that Unicode 17 decomposes and the reference does not: they are newer than its tables.
RECENT = """32ff a7f2-a7f4 ab69 105c9 105e4 10781-10785 10787-107b0 107b2-107ba 11383 11385 1138e 11391 113c5 113c7-113c8 11938
16121-16128 16d68-16d6a 1ccd6-1ccf9 1e030-1e06d 1f16c 1fbf0-1fbf9""".split()
recent = {c for span in RECENT for low, high in [(span.split("-") * 2)[:2]] for c in range(int(low, 16), int(high, 16) + 1)}
assert all(nfd(chr(c)) == nfkd(chr(c)) == chr(c) for c in recent)
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
    lambda c: False,
    lambda c: ord(c) in recent,
    lambda c: False,
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

def encoded(values):
    """Run lengths in base 36, 1 left out, each followed by the name of its value; and the values in the order of the names."""
    spans = []
    for v in values:
        if spans and spans[-1][0] == v: spans[-1][1] += 1
        else: spans.append([v, 1])
    distinct = sorted({v for v, _ in spans}, key=lambda v: -sum(1 for w, _ in spans if w == v))
    assert len(distinct) <= 26 + 27 * 26, len(distinct)
    # The commonest values take one symbol; the others two, the first of them not a capital letter.
    capitals, others = SYMBOLS[:26], SYMBOLS[26:]
    names = list(capitals) + [a + b for a in others for b in capitals]
    return distinct, "".join((base36(n) if n > 1 else "") + names[distinct.index(v)] for v, n in spans)

def table(name, note, values):
    distinct, text = encoded(values)
    print(f"\n/** {note} */")
    print(f"export const {name}Values: readonly number[] = {distinct};")
    print(f"export const {name}Runs =")
    lines = [text[i:i + 116] for i in range(0, len(text), 116)]
    print(" +\n".join(f'  "{line}"' for line in lines) + ";")

MARKS, CONTROL = 1 << 4 | 1 << 5, 1 << 6
ALL = range(0x110000)
kind = [classes.get(c, 0) for c in ALL]  # surrogates have none
assert all(kind[c] & MARKS for c in combining if combining[c])
assert all(kind[c] for c in scripts if c != 0x8E2)

def usual(c):
    return 2 if kind[c] & MARKS else 1 if kind[c] == CONTROL else 0

print('/** Written by scripts/unicode-classes.py from the answers of Hugging Face tokenizers 0.23.3: do not edit. */')
table("class", "Classes of all code points: runs of one class, each a length in base 36 (1 is left out) and the name of the class.", kind)
table("combining", "Canonical combining classes, in the same form, of the code points that are marks.", [combining.get(c, 0) for c in ALL if kind[c] & MARKS])
table("grapheme", "How characters cling together, in the same form: 0 as usual for the class, else the value + 1.", [0 if (grapheme(c) if c and c in classes else 0) == usual(c) else 1 + (grapheme(c) if c and c in classes else 0) for c in ALL])
table("script", "Scripts, by numbers of their own, in the same form, of the code points that have a class; 0 goes with any.", [scripts.get(c, 0) for c in ALL if kind[c]])
