"""What onnx and ONNX Runtime infer about the values of models, as JSON.

python infer_shapes.py suite ONNX_REPOSITORY OUT.json.gz   every model that onnx's own tests of shape inference infer (needs pytest)
python infer_shapes.py nodes OUT.json                      the models of onnx's node tests, without the types of their outputs
python infer_shapes.py models OUT.json FILE...             model files without their weights: onnx.shape_inference (strict, with data
                                                           propagation) and onnxruntime's symbolic_shape_infer
python infer_shapes.py run OUT.json FILE...                what ONNX Runtime makes of every value, once it has optimised the model

A type is written as {"kind": "tensor", "dtype": code of TensorProto.DataType or 0, "shape": [number, "symbol" or null, ...] or null},
{"kind": "sequence" | "optional", "element": type}, {"kind": "map", "key": code, "value": type} or {"kind": "opaque"}.
"""

import base64
import gzip
import json
import math
import os
import sys

import onnx
import onnx.shape_inference


def dim_json(dim):
    return dim.dim_value if dim.HasField("dim_value") else (dim.dim_param or None)


def type_json(proto):
    kind = proto.WhichOneof("value")
    if kind in ("tensor_type", "sparse_tensor_type"):
        tensor = getattr(proto, kind)
        shape = [dim_json(dim) for dim in tensor.shape.dim] if tensor.HasField("shape") else None
        return {"kind": kind[: -len("_type")].replace("_", "-"), "dtype": tensor.elem_type, "shape": shape}
    if kind in ("sequence_type", "optional_type"):
        return {"kind": kind[: -len("_type")], "element": type_json(getattr(proto, kind).elem_type)}
    if kind == "map_type":
        return {"kind": "map", "key": proto.map_type.key_type, "value": type_json(proto.map_type.value_type)}
    return {"kind": "opaque"} if kind else None


def types_of(graph, path=""):
    """Types of the values of a graph by name, those of its subgraphs by `node/attribute/name`."""
    values = [value for value in [*graph.value_info, *graph.output] if value.HasField("type")]
    types = {path + value.name: type_json(value.type) for value in values}
    for node in graph.node:
        for item in node.attribute:
            if item.HasField("g"):
                types |= types_of(item.g, f"{path}{node.name or node.output[0]}/{item.name}/")
    return {name: value for name, value in types.items() if value}


class Recorder:
    """Records every model that passes through onnx.shape_inference.infer_shapes while pytest runs."""

    def __init__(self):
        import onnx.onnx_cpp2py_export.shape_inference as extension

        self.test, self.records, self.seen, self.inner = "", [], set(), extension.infer_shapes
        extension.infer_shapes = self.infer

    def infer(self, data, check_type, strict_mode, data_prop):
        key = (bytes(data), strict_mode, data_prop)
        record = {"test": self.test, "strict": bool(strict_mode), "data": bool(data_prop)}
        record["model"] = base64.b64encode(data).decode()
        if key not in self.seen:
            self.records.append(record)
        self.seen.add(key)
        try:
            result = self.inner(data, check_type, strict_mode, data_prop)
        except Exception as error:
            record["error"] = str(error)[:200]
            raise
        record["types"] = types_of(onnx.ModelProto.FromString(result).graph)
        return result

    def pytest_runtest_setup(self, item):
        self.test = item.nodeid.split("::", 1)[1]


TESTS = ["shape_inference", "data_propagation", "model_inference", "opaque_type", "symbolic_shape"]


def suite(repository, out):
    import pytest

    folder = os.path.join(repository, "tests", "python")
    sys.path.insert(0, folder)
    recorder = Recorder()
    files = [os.path.join(folder, f"{name}_test.py") for name in TESTS]
    if pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[recorder]) != 0:
        raise SystemExit("onnx's own tests do not pass")
    with gzip.GzipFile(out, "wb", mtime=0) as file:
        file.write(json.dumps({"onnx": onnx.__version__, "cases": recorder.records}, separators=(",", ":")).encode())
    print(f"{len(recorder.records)} cases, {os.path.getsize(out)} bytes")


def is_weight(tensor):
    """True for tensors whose contents no tool looks at: many elements, or some dozens that are no sizes."""
    sizes = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.BOOL)
    return math.prod(tensor.dims) > (1024 if tensor.data_type in sizes else 64)


def constant_of(node):
    value = [item.t for item in node.attribute if item.name == "value"]
    return value[0] if node.op_type == "Constant" and value else None


def take_weights(graph, found):
    """Takes weights, initializers and Constant nodes, out of the graph and its subgraphs."""
    inputs = {value.name for value in graph.input}
    kept = []
    for tensor in graph.initializer:
        if not is_weight(tensor):
            kept.append(onnx.TensorProto.FromString(tensor.SerializeToString()))
        elif tensor.name not in inputs:
            found.append((tensor.name, tensor))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    kept = []
    for node in graph.node:
        tensor = constant_of(node)
        if tensor is not None and is_weight(tensor):
            found.append((node.output[0], tensor))
            continue
        for item in node.attribute:
            for body in [item.g] if item.HasField("g") else item.graphs:
                take_weights(body, found)
        del node.metadata_props[:]
        node.doc_string = ""
        kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
    del graph.node[:]
    graph.node.extend(kept)


def skeleton(path):
    """The model without its weights, which become inputs, and without declared inner types, so that each tool shows what it computes."""
    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    del graph.value_info[:]
    del model.metadata_props[:]
    weights = []
    take_weights(graph, weights)
    for name, tensor in weights:
        graph.input.append(onnx.helper.make_tensor_value_info(name, tensor.data_type, tensor.dims))
    return model


def by_onnx(model):
    return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def by_onnxruntime(model):
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    return SymbolicShapeInference.infer_shapes(model, auto_merge=True, guess_output_rank=False)


def types_or_error(infer, model):
    try:
        return {"types": types_of(infer(model).graph)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def models(out, files):
    import logging

    logging.disable(logging.CRITICAL)
    cases = []
    for path in files:
        model = skeleton(path)
        case = {"name": os.path.splitext(os.path.basename(path))[0]}
        case["model"] = base64.b64encode(model.SerializeToString()).decode()
        case["onnx"] = types_or_error(by_onnx, model)
        case["symbolic"] = types_or_error(by_onnxruntime, onnx.ModelProto.FromString(model.SerializeToString()))
        cases.append(case)
    with open(out, "w") as file:
        json.dump({"onnx": onnx.__version__, "cases": cases}, file, separators=(",", ":"))


def optimised(path, folder):
    """The model as ONNX Runtime saves it after its extended optimisations: full of operators of com.microsoft."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = os.path.join(folder, "optimised.onnx")
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return options.optimized_model_filepath


def produced(path):
    """What ONNX Runtime makes of every value of the main graph: sizes of the symbols it was run with, and types."""
    import numpy as np
    import onnxruntime

    model = onnx.load(path)
    have = {value.name for value in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name and name not in have]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    sizes, feeds = {}, {}
    for value in session.get_inputs():
        dims = [sizes.setdefault(dim, 2 + 3 * len(sizes)) if isinstance(dim, str) else dim for dim in value.shape]
        dtype = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}.get(value.type, np.float32)
        feeds[value.name] = np.ones(dims, dtype)
    types = {}
    for value, array in zip(session.get_outputs(), session.run(None, feeds)):
        code = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        types[value.name] = {"kind": "tensor", "dtype": code, "shape": list(array.shape)}
    return {"sizes": sizes, "types": types}


def run(out, files):
    import tempfile

    cases = []
    for path in files:
        with tempfile.TemporaryDirectory() as folder:
            file = optimised(path, folder)
            case = {"name": os.path.splitext(os.path.basename(path))[0], **produced(file)}
            case["model"] = base64.b64encode(skeleton(file).SerializeToString()).decode()
            cases.append(case)
    with open(out, "w") as file:
        json.dump({"onnx": onnx.__version__, "cases": cases}, file, separators=(",", ":"))


def nodes(out):
    from onnx.backend.test.case.node import collect_testcases

    cases = []
    for test in collect_testcases(None):
        model = onnx.ModelProto.FromString(test.model.SerializeToString())
        del model.graph.value_info[:]
        for value in model.graph.output:
            value.ClearField("type")
        encoded = base64.b64encode(model.SerializeToString()).decode()
        cases.append({"name": test.name, "model": encoded, "onnx": types_or_error(by_onnx, model)})
    with open(out, "w") as file:
        json.dump({"onnx": onnx.__version__, "cases": cases}, file, separators=(",", ":"))


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    if mode == "suite":
        suite(*arguments)
    elif mode == "nodes":
        nodes(*arguments)
    elif mode == "run":
        run(arguments[0], arguments[1:])
    else:
        models(arguments[0], arguments[1:])
