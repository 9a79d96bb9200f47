"""Training steps of one net in PyTorch, when told to: reads numbers of steps, one a line, and prints the milliseconds and losses of each as JSON.

python training_step.py NET STATE.npz THREADS

STATE.npz holds the weights by name, and `input` [batches, batch, ...] and `labels` [batches, batch], which are taken in turns. The nets are those
of packages/bench/src/training/training-nets.ts. Adam with a learning rate of 1e-3 and its other defaults. Eager mode.
"""

import json
import os
import sys
import time

net, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
# A worker that spins would take its core from the other engine's turn.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(threads)
arrays = np.load(path)
p = {name: torch.from_numpy(arrays[name]) for name in arrays.files if name not in ("input", "labels")}
inputs, labels = torch.from_numpy(arrays["input"]), torch.from_numpy(arrays["labels"])


def dense(x, name):
    return F.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])


def conv_norm(x, name, stride=1, group=1):
    w = p[f"{name}.weight"]
    y = F.conv2d(x, w, None, stride, w.shape[-1] // 2, 1, group)
    return F.batch_norm(y, p[f"{name}.mean"], p[f"{name}.variance"], p[f"{name}.scale"], p[f"{name}.shift"], True, 0.1, 1e-5)


def mlp(x):
    return dense(F.relu(dense(F.relu(dense(x, "fc1")), "fc2")), "fc3")


def lenet(x):
    x = F.max_pool2d(F.conv2d(x, p["conv1.weight"], p["conv1.bias"]), 2)
    x = F.max_pool2d(F.conv2d(x, p["conv2.weight"], p["conv2.bias"]), 2)
    return dense(F.relu(dense(x.flatten(1), "fc1")), "fc2")


def resnet(x):
    x = F.relu(conv_norm(x, "stem"))
    for i in range(9):
        stride = 2 if i in (3, 6) else 1
        y = conv_norm(F.relu(conv_norm(x, f"block{i}.a", stride)), f"block{i}.b")
        x = F.relu(y + (x if stride == 1 else conv_norm(x, f"block{i}.s", stride)))
    return dense(x.mean((2, 3)), "fc")


def mobile(x):
    for i in range(2):
        y = F.relu6(conv_norm(x, f"block{i}.expand"))
        y = F.relu6(conv_norm(y, f"block{i}.depthwise", 1, 96))
        x = x + conv_norm(y, f"block{i}.project")
    return dense(x.mean((2, 3)), "fc")


def transformer(x):
    n, t, d = x.shape

    def linear(y, name):
        return y @ p[f"{name}.weight"] + p[f"{name}.bias"]

    def norm(y, name):
        return F.layer_norm(y, (d,), p[f"{name}.scale"], p[f"{name}.shift"])

    first = norm(x, "norm1")
    q, k, v = (linear(first, name).view(n, t, 4, d // 4).transpose(1, 2) for name in "qkv")
    attention = (q @ k.transpose(-2, -1) * 0.125).softmax(-1)
    x = x + linear((attention @ v).transpose(1, 2).reshape(n, t, d), "out")
    x = x + linear(F.gelu(linear(norm(x, "norm2"), "up")), "down")
    return dense(x.mean(1), "head")


forward = {"mlp": mlp, "lenet-5": lenet, "resnet-20": resnet, "mobile-blocks": mobile, "transformer-block": transformer}[net]
parameters = [value.requires_grad_() for name, value in p.items() if not name.endswith((".mean", ".variance"))]
optimizer = torch.optim.Adam(parameters, lr=1e-3)
done = 0
print(json.dumps({"name": "PyTorch " + torch.__version__}), flush=True)
for line in sys.stdin:
    times, losses = [], []
    for _ in range(int(line)):
        start = time.perf_counter()
        at = done % len(inputs)
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(inputs[at]), labels[at])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        times.append((time.perf_counter() - start) * 1e3)
        done += 1
    print(json.dumps({"ms": times, "losses": losses}), flush=True)
