"""
Training steps of PyTorch, eager, on one thread, for training.ts: a JSON line of settings first, then a line for each step, which
is answered with the milliseconds of processor time that it took.

    python3 bench/peers/training-torch.py < LINES

BERT is that of transformers, whose head is computed at every position or at the scored ones only. GPT is the network of
nanoGPT: pre-norm blocks without dropout, attention by PyTorch's fused kernel, output tied to the embeddings.
"""
import json, sys, time
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(1)
settings = json.loads(sys.stdin.readline())
kind, layers, width, heads, vocab, positions, batch, seq, head, dropout = (
    settings[name] for name in "kind layers width heads vocab positions batch seq head dropout".split())


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.joint, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        parts = self.joint(self.before(x)).split(width, dim=2)
        query, key, value = (part.view(batch, seq, heads, width // heads).transpose(1, 2) for part in parts)
        y = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, seq, width))
        return x + self.down(F.gelu(self.up(self.between(x)), approximate="tanh"))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab, width), nn.Embedding(positions, width)
        self.blocks, self.norm = nn.Sequential(*(Block() for _ in range(layers))), nn.LayerNorm(width)

    def forward(self, ids, labels):
        x = self.norm(self.blocks(self.tokens(ids) + self.places.weight[:seq]))
        return F.cross_entropy((x @ self.tokens.weight.T).view(-1, vocab), labels.view(-1))


def bert():
    from transformers import BertConfig, BertForMaskedLM
    model = BertForMaskedLM(BertConfig(vocab_size=vocab, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                                       intermediate_size=4 * width, max_position_embeddings=positions, hidden_dropout_prob=dropout,
                                       attention_probs_dropout_prob=dropout))
    def loss_of(ids, labels):
        if head == "all":
            return model(input_ids=ids, labels=labels).loss
        scored = labels != -100
        return F.cross_entropy(model.cls(model.bert(input_ids=ids).last_hidden_state[scored]), labels[scored])
    return model, loss_of


model, loss_of = bert() if kind == "mlm" else (lambda gpt: (gpt, gpt))(Gpt())
model.train()
decayed = [p for p in model.parameters() if p.dim() >= 2]
others = [p for p in model.parameters() if p.dim() < 2]
groups = [{"params": decayed, "weight_decay": settings["weightDecay"]}, {"params": others, "weight_decay": 0}]
optimizer = torch.optim.AdamW(groups, lr=settings["lr"], betas=settings["betas"])
ids = torch.tensor(settings["ids"]).view(batch, seq)
labels = torch.tensor(settings["labels"]).view(batch, seq)

for _ in sys.stdin:
    begun = time.process_time()
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(ids, labels)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), settings["clip"])
    optimizer.step()
    print(json.dumps({"ms": 1000 * (time.process_time() - begun), "loss": loss.item()}), flush=True)
