"""What onnx and ONNX Runtime infer about the values of models, as JSON.

python infer_shapes.py suite ONNX_REPOSITORY OUT.json.gz   every model that onnx's own tests of shape inference infer (needs pytest)
python infer_shapes.py models OUT.json FILE...             model files: onnx.shape_inference and onnxruntime's symbolic_shape_infer

A type is written as {"kind": "tensor", "dtype": code of TensorProto.DataType or 0, "shape": [number, "symbol" or null, ...] or null},
{"kind": "sequence" | "optional", "element": type}, {"kind": "map", "key": code, "value": type} or {"kind": "opaque"}.
"""

import base64
import gzip
import json
import os
import sys
import time

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


def types_of(model):
    graph = model.graph
    types = {value.name: type_json(value.type) for value in [*graph.value_info, *graph.output] if value.HasField("type")}
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
        record["types"] = types_of(onnx.ModelProto.FromString(result))
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


def stripped(path):
    """The model without its declared inner types, so that each tool shows what it computes."""
    model = onnx.load(path, load_external_data=False)
    del model.graph.value_info[:]
    return model


def onnx_types(path):
    model = stripped(path)
    try:
        return types_of(onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True))
    except Exception as error:
        first = str(error)[:200]
    return {"error": first, "lenient": types_of(onnx.shape_inference.infer_shapes(model, data_prop=True))}


def symbolic_types(path):
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    try:
        inferred = SymbolicShapeInference.infer_shapes(stripped(path), auto_merge=True, guess_output_rank=False)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    return types_of(inferred) if inferred else {"error": "incomplete"}


def models(out, files):
    import logging

    logging.disable(logging.CRITICAL)
    result = {}
    for path in files:
        row = result[path] = {}
        for name, infer in (("onnx", onnx_types), ("symbolic", symbolic_types)):
            start = time.perf_counter()
            types = infer(path)
            error = types.pop("error", None) if isinstance(types.get("error"), str) else None
            row[name] = {"types": types.get("lenient", types) if error else types, "error": error}
            row[name]["seconds"] = round(time.perf_counter() - start, 3)
    with open(out, "w") as file:
        json.dump({"onnx": onnx.__version__, "models": result}, file)


if __name__ == "__main__":
    mode, *arguments = sys.argv[1:]
    if mode == "suite":
        suite(*arguments)
    else:
        models(arguments[0], arguments[1:])
