"""Load the adapters that lora.ts wrote with PEFT and compare scores; then make others with PEFT for lora.ts to load.

    node scripts/run.mjs tests/pytorch/lora.ts OUT && python3 tests/pytorch/lora.py OUT && node scripts/run.mjs tests/pytorch/lora.ts OUT read
    needs: pip install torch transformers peft safetensors
"""
import json
import pathlib
import sys
import warnings

import numpy as np
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.numpy import load_file, save_file

TOLERANCE = 2e-5
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
warnings.simplefilter("error", UserWarning)  # missing or unexpected names of an adapter are warnings
warnings.filterwarnings("ignore", message="fan_in_fan_out is set to False")
out = pathlib.Path(sys.argv[1])
spec = json.loads((out / "cases.json").read_text())


def base(path):
    config = transformers.AutoConfig.from_pretrained(path)
    return getattr(transformers, config.architectures[0]).from_pretrained(path).eval()


def scores(model, task):
    values = []
    for row in spec["rows"]:
        ids = torch.tensor([row])
        inputs = {"input_ids": ids, "labels": ids} if task == "seq2seq-lm" else {"input_ids": ids}
        with torch.no_grad():
            result = model(**inputs)
        if task == "question-answering":
            values.append(torch.stack([result.start_logits, result.end_logits], -1))
        else:
            values.append(result.last_hidden_state if task == "feature-extraction" else result.logits)
    return torch.cat([v.reshape(-1) for v in values]).numpy()


def share(got, want):
    assert got.shape == want.shape, f"shapes {got.shape} and {want.shape}"
    return float(np.max(np.abs(got - want) / (TOLERANCE + TOLERANCE * np.abs(want))))


def check(name, task):
    model = PeftModel.from_pretrained(base(out / name), out / f"{name}-adapter").eval()
    return share(scores(model, task), load_file(out / f"{name}.scores")["scores"])


def make(name, task, number):
    """An adapter of PEFT's own, every value of it random, on the settings that Cloze wrote."""
    torch.manual_seed(number)
    ours = json.loads((out / f"{name}-adapter" / "adapter_config.json").read_text())
    config = LoraConfig(
        task_type=ours["task_type"],
        r=3,
        lora_alpha=5,
        use_rslora=number % 2 == 0,
        target_modules=ours["target_modules"],
        modules_to_save=ours["modules_to_save"],
    )
    model = get_peft_model(base(out / name), config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.2 * torch.randn_like(parameter)
    model.eval()
    model.save_pretrained(out / f"{name}-peft")
    save_file({"scores": scores(model, task)}, out / f"{name}-peft.scores")


failed = False
for number, case in enumerate(spec["cases"]):
    worst = check(case["name"], case["task"])
    failed |= not worst <= 1
    print(f"{'ok  ' if worst <= 1 else 'FAIL'} {case['name']}: {worst:.3f} of the bound")
    make(case["name"], case["task"], number)
sys.exit(failed)
