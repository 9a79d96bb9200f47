// Affine quantization of whole tensors.
#include <cmath>
#include <string>

#include "addon/layout.h"
#include "addon/operations.h"
#include "cuda/launch.h"
#include "kernels/quantize_affine/channels.h"
#include "kernels/quantize_affine/tensor.h"

namespace gossamer {
namespace {

void RequireScales(Array<const float> scale) {
  for (size_t i = 0; i < scale.length; ++i) {
    if (std::isfinite(scale.data[i]) && scale.data[i] != 0) continue;
    throw ArgumentError{"ERR_BAD_SCALE", "scale[" + std::to_string(i) +
                                             "]: expected a finite number other than 0, received " +
                                             std::to_string(scale.data[i])};
  }
}

void RequireZeroPoints(Array<const int32_t> zero_point, int32_t min, int32_t max) {
  for (size_t i = 0; i < zero_point.length; ++i) {
    if (zero_point.data[i] >= min && zero_point.data[i] <= max) continue;
    throw ArgumentError{"ERR_BAD_ZERO_POINT", "zeroPoint[" + std::to_string(i) + "]: expected an integer in [" +
                                                  std::to_string(min) + ", " + std::to_string(max) + "], received " +
                                                  std::to_string(zero_point.data[i])};
  }
}

// Arguments index .. index + 3: scale, zeroPoint, isSigned, nibbles.
QuantizedTensor ReadQuantizedTensor(Arguments& args, size_t index, const TensorLayout& layout) {
  const Array<const float> scale = args.In<float>(index, "scale");
  const Array<const int32_t> zero_point = args.In<int32_t>(index + 1, "zeroPoint");
  const bool is_signed = args.Boolean(index + 2, "isSigned"), nibbles = args.Boolean(index + 3, "nibbles");
  RequireLength("scale", scale.length, layout.ParameterCount());
  RequireLength("zeroPoint", zero_point.length, layout.ParameterCount());
  RequireScales(scale);
  const int32_t levels = nibbles ? 16 : 256;
  RequireZeroPoints(zero_point, is_signed ? -levels / 2 : 0, (is_signed ? levels / 2 : levels) - 1);
  const CodeStorage storage = nibbles ? CodeStorage::kNibbles : CodeStorage::kBytes;
  return {layout, scale.data, zero_point.data, storage, is_signed};
}

size_t CodeBytes(const QuantizedTensor& tensor) {
  const size_t count = tensor.layout.Count();
  return tensor.storage == CodeStorage::kNibbles ? count / 2 + count % 2 : count;
}

struct QuantizeCall {
  const float* x;
  QuantizedTensor tensor;
  CodeRange range;
  uint8_t* out;
};

QuantizeCall ReadQuantizeCall(Arguments& args) {
  const Array<const float> x = args.In<float>(0, "x");
  const TensorLayout layout = ReadLayout(args, 1, x.length);
  const QuantizedTensor tensor = ReadQuantizedTensor(args, 6, layout);
  const int32_t lowest = tensor.is_signed ? -128 : 0;
  const CodeRange range{args.Integer(10, "quantMin", lowest, lowest + 255),
                        args.Integer(11, "quantMax", lowest, lowest + 255)};
  if (range.min > range.max) throw ArgumentError{"ERR_BAD_RANGE", "quantMin: expected at most quantMax, received more"};
  return {x.data, tensor, range, args.OutBytes(12, "out", CodeBytes(tensor)).data};
}

struct DequantizeCall {
  const uint8_t* codes;
  QuantizedTensor tensor;
  float* out;
};

DequantizeCall ReadDequantizeCall(Arguments& args) {
  const Array<const uint8_t> codes = args.InBytes(0, "codes");
  const size_t count = args.Size(1, "length");
  const TensorLayout layout = ReadLayout(args, 2, count);
  const QuantizedTensor tensor = ReadQuantizedTensor(args, 7, layout);
  RequireLength("codes", codes.length, CodeBytes(tensor));
  return {codes.data, tensor, args.Out<float>(11, "out", count).data};
}

}  // namespace

Work PrepareQuantizeTensor(Arguments& args) {
  const QuantizeCall call = ReadQuantizeCall(args);
  return [=](AbortFlag abort) { return QuantizeTensor(call.x, call.tensor, call.range, call.out, abort); };
}

Work PrepareQuantizeTensorCuda(Arguments& args) {
  const QuantizeCall call = ReadQuantizeCall(args);
  return [=](AbortFlag abort) {
    if (IsAborted(abort)) return false;
    CudaQuantizeTensor(call.x, call.tensor, call.range, call.out);
    return true;
  };
}

Work PrepareDequantizeTensor(Arguments& args) {
  const DequantizeCall call = ReadDequantizeCall(args);
  return [=](AbortFlag abort) { return DequantizeTensor(call.codes, call.tensor, call.out, abort); };
}

Work PrepareDequantizeTensorCuda(Arguments& args) {
  const DequantizeCall call = ReadDequantizeCall(args);
  return [=](AbortFlag abort) {
    if (IsAborted(abort)) return false;
    CudaDequantizeTensor(call.codes, call.tensor, call.out);
    return true;
  };
}

Work PrepareQuantizeChannels(Arguments& args) {
  const Array<const float> w = args.In<float>(0, "w");
  const size_t outer = args.Size(1, "outer"), axis = args.Size(2, "axis"), inner = args.Size(3, "inner");
  RequireLength("w", w.length, Product("outer * axis * inner", outer, axis, inner));
  const int32_t quant_max = args.Integer(4, "quantMax", 1, 127);
  const Array<uint8_t> codes = args.OutBytes(5, "codes", w.length);
  const Array<float> scales = args.Out<float>(6, "scales", axis);
  const Array<double> non_finite = args.Out<double>(7, "nonFinite", 1);
  return [=](AbortFlag abort) {
    uint64_t count = 0;
    const bool done = QuantizeChannels(w.data, outer, axis, inner, quant_max, codes.data, scales.data, &count, abort);
    *non_finite.data = static_cast<double>(count);
    return done;
  };
}

}  // namespace gossamer
