"""One quantization by onnxruntime.quantization in this process; prints wall and processor seconds and peak resident memory as JSON.

python quantize.py MODE MODEL OUT [--calibration FOLDER | --random N] [--calibrate minmax|entropy|percentile] [--block-size N]
                   [--asymmetric] [--constants-to-initializers] [--opset N] [--subgraphs]

MODE: preprocess, static (QDQ, uint8 activations, int8 weights per channel), dynamic (int8 weights per channel), nbits (4-bit MatMulNBits),
gptq (the same with codes by GPTQ, on the calibration samples).
FOLDER holds index.json, a list of {input name: .npy file}, one for each sample.
"""

import argparse
import json
import logging
import os
import resource
import time
import warnings

import numpy as np
import onnx
import onnx.version_converter
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_dynamic, quantize_static

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
onnxruntime.set_default_logger_severity(4)


class Folder(CalibrationDataReader):
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "index.json")) as file:
            self.samples = iter(json.load(file))

    def get_next(self):
        sample = next(self.samples, None)
        return sample and {name: np.load(os.path.join(self.folder, file)) for name, file in sample.items()}


class Random(CalibrationDataReader):
    def __init__(self, model, count):
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.inputs = [(i.name, i.type, [d if isinstance(d, int) else 1 for d in i.shape]) for i in session.get_inputs()]
        self.count = count
        self.random = np.random.default_rng(0)

    def get_next(self):
        if self.count == 0:
            return None
        self.count -= 1
        return {name: self.draw(kind, shape) for name, kind, shape in self.inputs}

    def draw(self, kind, shape):
        if "int64" in kind:
            return self.random.integers(0, 30000, shape).astype(np.int64)
        return self.random.standard_normal(shape).astype(np.float32)


def samples(model, options):
    return Folder(options.calibration) if options.calibration else Random(model, options.random)


def peak_rss_mb():
    """What this process itself held: getrusage also counts the parent's memory at the start."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def constants_to_initializers(model):
    """Constant nodes of every graph become initializers of it: what the tool needs to see a weight."""

    def visit(graph):
        kept = []
        for node in graph.node:
            value = next((a for a in node.attribute if a.name == "value"), None)
            if node.op_type == "Constant" and value is not None:
                tensor = graph.initializer.add()
                tensor.CopyFrom(value.t)
                tensor.name = node.output[0]
                continue
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    visit(attribute.g)
            kept.append(node)
        del graph.node[:]
        graph.node.extend(kept)

    loaded = onnx.load(model)
    visit(loaded.graph)
    return loaded


def named(model):
    """Its sort tells nodes by their names: those without one get one."""
    for index, node in enumerate(model.graph.node):
        node.name = node.name or f"node_{index}"
    return model


def run(options):
    model = options.model
    if options.constants_to_initializers:
        model = options.out + ".initializers.onnx"
        onnx.save(constants_to_initializers(options.model), model)
    if options.opset:
        converted = onnx.version_converter.convert_version(onnx.load(model), options.opset)
        model = options.out + ".converted.onnx"
        onnx.save(converted, model)
    if options.mode == "preprocess":
        from onnxruntime.quantization.shape_inference import quant_pre_process

        quant_pre_process(model, options.out)
    elif options.mode == "static":
        reader = samples(model, options)
        method = {"minmax": CalibrationMethod.MinMax, "entropy": CalibrationMethod.Entropy, "percentile": CalibrationMethod.Percentile}
        quantize_static(
            model,
            options.out,
            reader,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=method[options.calibrate],
        )
    elif options.mode == "dynamic":
        extra = {"EnableSubgraph": True} if options.subgraphs else {}
        quantize_dynamic(model, options.out, per_channel=True, weight_type=QuantType.QInt8, extra_options=extra)
    else:
        from onnxruntime.quantization.matmul_nbits_quantizer import GPTQWeightOnlyQuantConfig, MatMulNBitsQuantizer

        algorithm = None
        if options.mode == "gptq":
            algorithm = GPTQWeightOnlyQuantConfig(calibration_data_reader=samples(model, options))
        quantizer = MatMulNBitsQuantizer(
            named(onnx.load(model)),
            bits=4,
            block_size=options.block_size,
            is_symmetric=not options.asymmetric,
            accuracy_level=4,
            algo_config=algorithm,
        )
        quantizer.process()
        quantizer.model.save_model_to_file(options.out, False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["preprocess", "static", "dynamic", "nbits", "gptq"])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--calibration")
    parser.add_argument("--random", type=int, default=32)
    parser.add_argument("--calibrate", default="minmax")
    parser.add_argument("--block-size", type=int, default=32)
    parser.add_argument("--asymmetric", action="store_true")
    parser.add_argument("--constants-to-initializers", action="store_true")
    parser.add_argument("--opset", type=int)
    parser.add_argument("--subgraphs", action="store_true")
    options = parser.parse_args()
    wall, cpu = time.perf_counter(), time.process_time()
    run(options)
    usage = {
        "seconds": time.perf_counter() - wall,
        "cpuSeconds": time.process_time() - cpu,
        "peakRssMb": peak_rss_mb(),
        "onnxruntime": onnxruntime.__version__,
    }
    # The tool prints its own lines: the last one is ours.
    print("\n" + json.dumps(usage), flush=True)


main()
