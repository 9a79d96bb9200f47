"""What PyTorch makes of the first updates of a fixture: losses, and norms of the first gradients; prints JSON.

python training_losses.py MODEL.onnx DATA.npz BATCH STEPS NAMES OPTIMIZER

DATA.npz has the model's input and `labels`, in the order in which batches of BATCH are taken. NAMES are the initializers that are trained,
separated by commas. OPTIMIZER is adam (learning rate 1e-3) or nesterov (0.01, momentum 0.9); BatchNormalization uses the statistics of the
batch.
Needs torch, onnx and numpy.
"""

import json
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

path, data, batch, steps, names, rule = sys.argv[1:7]
batch, steps = int(batch), int(steps)
torch.manual_seed(0)
model = onnx.load(path)
arrays = np.load(data)
trained = set(names.split(","))
values = {}
for tensor in model.graph.initializer:
    value = torch.from_numpy(numpy_helper.to_array(tensor).copy())
    values[tensor.name] = value.requires_grad_() if tensor.name in trained else value
missing = trained - set(values)
assert not missing, missing


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def ints(tensor):
    return [int(i) for i in tensor.reshape(-1)]


def run(node, i, a):
    op = node.op_type
    if op == "Constant":
        return torch.from_numpy(numpy_helper.to_array(a["value"]).copy())
    if op == "Conv":
        assert a["pads"][:2] == a["pads"][2:], a["pads"]
        return F.conv2d(i[0], i[1], i[2] if len(i) > 2 else None, a["strides"], a["pads"][:2], a["dilations"], a["group"])
    if op == "MaxPool":
        return F.max_pool2d(i[0], a["kernel_shape"], a["strides"])
    if op == "GlobalAveragePool":
        return i[0].mean((2, 3), keepdim=True)
    if op == "BatchNormalization":
        return F.batch_norm(i[0], None, None, i[1], i[2], True, 0, a["epsilon"])
    if op == "LayerNormalization":
        return F.layer_norm(i[0], i[1].shape, i[1], i[2], a["epsilon"])
    if op == "Gemm":
        assert a.get("transB") == 1
        return F.linear(i[0], i[1], i[2])
    if op == "Gather":
        return i[0].index_select(a.get("axis", 0), i[1].reshape(-1)).reshape(i[1].shape + i[0].shape[1:])
    if op == "Reshape":
        return i[0].reshape([i[0].shape[k] if n == 0 else n for k, n in enumerate(ints(i[1]))])
    if op == "Transpose":
        return i[0].permute(a["perm"])
    if op == "Softmax":
        return i[0].softmax(a["axis"])
    if op == "Shape":
        return torch.tensor(i[0].shape)
    if op == "Concat":
        return torch.cat([t.reshape(-1) for t in i], a["axis"])
    if op == "Unsqueeze":
        return i[0].reshape(1)
    simple = {
        "Relu": F.relu, "Flatten": lambda x: x.flatten(1), "Add": torch.add, "Mul": torch.mul, "Div": torch.div, "Sub": torch.sub,
        "MatMul": torch.matmul, "Erf": torch.erf, "Identity": lambda x: x, "Sqrt": torch.sqrt,
    }
    return simple[op](*i)


def loss_of(step):
    rows = [r % len(arrays["labels"]) for r in range(step * batch, (step + 1) * batch)]
    known = dict(values)
    for port in model.graph.input:
        known[port.name] = torch.from_numpy(arrays[port.name][rows])
    for node in model.graph.node:
        known[node.output[0]] = run(node, [known[name] for name in node.input if name], attributes(node))
    logits = known[model.graph.output[0].name]
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), torch.from_numpy(arrays["labels"][rows]).reshape(-1))


parameters = [values[name] for name in names.split(",")]
if rule == "adam":
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
else:
    optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, nesterov=True)
losses, norms = [], {}
for step in range(steps):
    optimizer.zero_grad()
    loss = loss_of(step)
    loss.backward()
    if step == 0:
        norms = {name: float(values[name].grad.double().norm()) for name in names.split(",")}
    losses.append(float(loss))
    optimizer.step()
print(json.dumps({"torch": torch.__version__, "losses": losses, "gradientNorms": norms}))
