"""
Write streams.json: what the DecodeStream of Hugging Face tokenizers gives for each token of random sequences, for each kind of
decoder.

    pip install tokenizers==0.23.3 && python tests/tokenizer/reference/make_streams.py
"""
import json
import pathlib
import random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.decoders import DecodeStream
R=random.Random(3)
T={}
alpha=sorted(pre_tokenizers.ByteLevel.alphabet())
v={c:i for i,c in enumerate(alpha)}; m=[]
bm=[c for c in alpha]
for _ in range(120):
    a,b=R.choice(list(v)),R.choice(list(v))
    if a+b not in v and len(a+b)<6: v[a+b]=len(v); m.append((a,b))
t=Tokenizer(models.BPE(v,m)); t.pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False); t.decoder=decoders.ByteLevel(); t.add_special_tokens(["<s>","</s>"]); t.add_tokens(["[X]"]); T["bytelevel"]=t
bv={"<unk>":0,**{f"<0x{i:02X}>":i+1 for i in range(256)}}
for p in ["▁","a","b","▁a","▁the","é","▁é","中","x"]: bv[p]=len(bv)
t=Tokenizer(models.BPE(bv,[("▁","a")],unk_token="<unk>",byte_fallback=True)); t.decoder=decoders.Sequence([decoders.Replace("▁"," "),decoders.ByteFallback(),decoders.Fuse(),decoders.Strip(" ",1,0)]); t.add_special_tokens(["<s>"]); T["fallback"]=t
uv=[("<unk>",0.0)]+[(p,-1.0*i) for i,p in enumerate(["▁","a","b","▁a","▁the","cat","▁cat","é","中",",","▁中"])]
t=Tokenizer(models.Unigram(uv,0)); t.decoder=decoders.Metaspace(); t.pre_tokenizer=pre_tokenizers.Metaspace(); t.add_special_tokens(["</s>"]); T["metaspace"]=t
t=Tokenizer(models.Unigram(uv,0)); t.decoder=decoders.Metaspace(prepend_scheme="never"); t.pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="never"); T["metaspace-never"]=t
wp={p:i for i,p in enumerate(["[UNK]","[CLS]","[SEP]","the","cat","##s","##é",".",",","'","s","n't","do","!","?","中","##a"])}
for cl in (True,False):
    t=Tokenizer(models.WordPiece(wp,unk_token="[UNK]")); t.decoder=decoders.WordPiece(cleanup=cl); t.add_special_tokens(["[CLS]","[SEP]"]); T[f"wordpiece-{cl}"]=t
t=Tokenizer(models.WordLevel({"a":0,"b":1,"[U]":2,"é":3},unk_token="[U]")); T["wordlevel-none"]=t
out=[]
for n,t in T.items():
    js = json.loads(t.to_str())
    rows=[]
    for _ in range(16):
        ids=[R.randrange(t.get_vocab_size()) for _ in range(R.randint(1,9))]
        if n=="fallback" and R.random()<.6: ids=[bv[f"<0x{b:02X}>"] for b in R.choice(["é中😀","😀😀","中é"]).encode()][:R.randint(1,9)]+ids[:2]
        if n=="bytelevel" and R.random()<.6: ids=t.encode(R.choice(["é中😀 the","瀚鈔","नमस्ते 👨‍👩‍👧","a\u0301"])).ids
        for skip in (True,False):
            s=DecodeStream(skip_special_tokens=skip); steps=[]
            try:
                for i in ids: steps.append(s.step(t,i))
            except Exception:  # the library gives up on bytes that are no text
                continue
            rows.append(dict(ids=ids, skip=skip, steps=[step or "" for step in steps]))
    out.append(dict(name=n,json=js,rows=rows))
path = pathlib.Path(__file__).parent / "streams.json"
path.write_text(json.dumps(out, ensure_ascii=False) + "\n")
