"""
Weights that config.json ties and the file holds twice, with different values: what transformers computes with them.

    pip install torch transformers==5.24.0 safetensors
    python tests/models/sweep/twins.py       # writes twins.json beside this script

To the weights of each folder that make.py wrote, copies of its tied parameters are added, each -0.5 times the parameter it
is tied to, plus 0.125: all of them, the matrices alone, the biases alone. The logits are those of the same text.
"""
import json
import pathlib
import shutil
import tempfile

import torch
import transformers as T
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
SWEEP = json.loads((HERE / "sweep.json").read_text())


def logits_of(folder, Model):
    model = Model.from_pretrained(folder, attn_implementation="eager").eval()
    inputs = {"input_ids": torch.tensor([SWEEP["ids"]]), "attention_mask": torch.ones(1, len(SWEEP["ids"]), dtype=torch.long)}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = torch.tensor([SWEEP["target"]])
    with torch.no_grad():
        return [float(f"{x:.8g}") for x in model(**inputs).logits.flatten().tolist()]


def results(name):
    source = HERE / name
    Model = getattr(T, json.loads((source / "config.json").read_text())["architectures"][0])
    model = Model.from_pretrained(source)
    own = model.state_dict()
    stored = load_file(source / "model.safetensors")
    pairs = {tied: shared for tied, shared in model._tied_weights_keys.items() if tied not in stored}
    found = []
    for kind in ("", "weight", "bias"):
        chosen = {tied: shared for tied, shared in pairs.items() if tied.endswith(kind)}
        if not chosen or (kind == "weight" and len(chosen) == len(pairs)):
            continue
        with tempfile.TemporaryDirectory() as place:
            shutil.copy(source / "config.json", place)
            twins = {tied: own[shared] * -0.5 + 0.125 for tied, shared in chosen.items()}
            save_file({**stored, **twins}, f"{place}/model.safetensors", {"format": "pt"})
            found.append({"twins": chosen, "logits": logits_of(place, Model)})
    return found


if __name__ == "__main__":
    names = [name for name in SWEEP["models"] if not name.endswith("-sequence")]
    found = {name: results(name) for name in names}
    text = json.dumps({"torch": torch.__version__, "transformers": T.__version__, "models": found})
    (HERE / "twins.json").write_text(text.replace('{"twins"', '\n{"twins"') + "\n")
    print(sum(len(entries) for entries in found.values()), "files")
