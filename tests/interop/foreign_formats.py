#!/usr/bin/env python3
"""Networks as other libraries write them: metascope uses every tensor of a file or names it, calls what is no
safetensors file what it is, and reads what its own sentence makes of it.

usage: foreign_formats.py METASCOPE
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy
import safetensors.numpy
import safetensors.torch
import torch
from torch import nn

METASCOPE = str(pathlib.Path(sys.argv[1]).resolve())
TASKS = {"tasks": [{"amplitude": 3.0, "phase": 0.5, "support_x": [-4.0, 0.5, 2.5], "query_x": [-3.0, 3.0]}]}


class Network(nn.Module):
    """The network under the names that metascope knows, and what else a test gives it."""

    def __init__(self, **more):
        super().__init__()
        self.hidden1, self.hidden2, self.out = nn.Linear(1, 40), nn.Linear(40, 40), nn.Linear(40, 1)
        for name, module in more.items():
            setattr(self, name, module)


def said(path):
    """Exit code, and what metascope says of a checkpoint."""
    done = subprocess.run(
        [METASCOPE, "eval", path, "--tasks", "tasks.json", "--steps", "0,1", "--json"], capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


checked = 0


def expect(what, path, code, *words):
    global checked
    found, text = said(path)
    missing = [word for word in words if word not in text]
    if found != code or missing:
        sys.exit(f"{what}: exit code {found}, expected {code}; {missing} missing from: {text}")
    checked += 1
    print(f"{what:34} {text.strip()[:110] if code else 'read'}")


folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
pathlib.Path("tasks.json").write_text(json.dumps(TASKS))
torch.manual_seed(0)
network = Network()
state = network.state_dict()

# What is read: as it is, wrapped, in double precision, and after the sentences below have been followed.
safetensors.torch.save_file(state, "plain.safetensors")
expect("safetensors", "plain.safetensors", 0)
losses = json.loads(said("plain.safetensors")[1])["losses"]
safetensors.torch.save_file(nn.DataParallel(network).state_dict(), "parallel.safetensors")
expect("DataParallel (module.)", "parallel.safetensors", 0)
safetensors.torch.save_file(Network().double().state_dict(), "double.safetensors")
expect("float64", "double.safetensors", 0)


def made_again(what, tensors, save=safetensors.torch.save_file):
    """What a sentence makes of a file is the network it was."""
    save(tensors, "again.safetensors")
    expect(f"{what}, as the sentence says", "again.safetensors", 0)
    if json.loads(said("again.safetensors")[1])["losses"] != losses:
        sys.exit(f"{what}: another network came out")


torch.save(state, "zip.pt")
expect("torch.save", "zip.pt", 2, "torch.save", "torch.load(FILE, weights_only=True)")
made_again("torch.save", torch.load("zip.pt", weights_only=True))
torch.save(state, "legacy.pt", _use_new_zipfile_serialization=False)
expect("torch.save of before 1.6", "legacy.pt", 2, "torch.save")
made_again("legacy", torch.load("legacy.pt", weights_only=True))
torch.save(network, "whole.pt")
expect("torch.save of a module", "whole.pt", 2, "torch.save", "state_dict")
torch.jit.save(torch.jit.trace(nn.Linear(1, 1), torch.zeros(1, 1)), "script.pt")
expect("TorchScript", "script.pt", 2, "TorchScript", "torch.jit.load(FILE).state_dict()")
arrays = {name: tensor.numpy() for name, tensor in state.items()}
for name, save in [("npz", numpy.savez), ("compressed npz", numpy.savez_compressed)]:
    save(f"{name}.npz", **arrays)
    expect(name, f"{name}.npz", 2, ".npz", "safetensors.numpy.save_file")
    made_again(name, dict(numpy.load(f"{name}.npz")), safetensors.numpy.save_file)
numpy.save("one.npy", arrays["hidden2.weight"])
expect("npy", "one.npy", 2, "one array of NumPy")
writer = gguf.GGUFWriter("network.gguf", "mlp")
for name, array in arrays.items():
    writer.add_tensor(name, array)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
expect("GGUF", "network.gguf", 2, "GGUF", "gguf.GGUFReader(FILE).tensors")
made_again("GGUF", {t.name: numpy.array(t.data) for t in gguf.GGUFReader("network.gguf").tensors}, safetensors.numpy.save_file)

# Other networks under names that are known.
for what, other, names in [
    ("batch norm", Network(bn1=nn.BatchNorm1d(40)), ["bn1.running_mean [40]", "bn1.weight [40]"]),
    ("layer norm", Network(norm1=nn.LayerNorm(40)), ["norm1.bias [40], norm1.weight [40]"]),
    ("a third layer's half", Network(hidden3=nn.ParameterDict({"bias": torch.zeros(40)})), ["hidden3.weight"]),
    ("layer 4 without 3", Network(hidden4=nn.Linear(40, 40)), ["no tensor named hidden3.weight"]),
    ("an embedding beside it", Network(embedding=nn.Embedding(3, 4)), ["embedding.weight [3, 4]"]),
    ("a sequence", nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 1)), ["it has 0.bias [40], 0.weight [40, 1]"]),
]:
    safetensors.torch.save_file(other.state_dict(), "other.safetensors")
    expect(what, "other.safetensors", 2, *names)
normed = Network()
nn.utils.parametrizations.weight_norm(normed.hidden1)
safetensors.torch.save_file(normed.state_dict(), "other.safetensors")
expect("weight norm", "other.safetensors", 2, "hidden1.parametrizations.weight.original")
safetensors.torch.save_file(network.half().state_dict(), "other.safetensors")
expect("float16", "other.safetensors", 2, "F16")
print(f"{checked} files: every tensor is used or named")
