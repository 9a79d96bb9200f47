// Affine quantization: the four kernels against the definition, and whole tensors of any layout against the definition
// of each element alone.
#include "kernels/quantize_affine/quantize_affine.h"

#include "fuzz/layout.h"
#include "kernels/quantize_affine/tensor.h"

using namespace gossamer;

namespace {

struct Codes {
  bool is_signed, nibbles;
  int32_t lowest, highest;
  CodeRange range;
};

Codes CodesOf(Input& input) {
  Codes codes{input.Bool(), input.Bool(), 0, 0, {0, 0}};
  const int32_t levels = codes.nibbles ? 16 : 256;
  codes.lowest = codes.is_signed ? -levels / 2 : 0;
  codes.highest = codes.lowest + levels - 1;
  codes.range.min = input.Range(codes.lowest, codes.highest);
  codes.range.max = input.Range(codes.range.min, codes.highest);
  return codes;
}

std::vector<float> Scales(Input& input, size_t count) {
  std::vector<float> scales(count);
  for (float& scale : scales) scale = input.Scale();
  return scales;
}

std::vector<int32_t> ZeroPoints(Input& input, size_t count, const Codes& codes) {
  std::vector<int32_t> zero_points(count);
  for (int32_t& value : zero_points) value = input.Range(codes.lowest, codes.highest);
  return zero_points;
}

void FuzzKernels(Input& input) {
  const size_t count = input.Size(200);
  const Codes codes = CodesOf(input);
  const AffineParams params{input.Scale(), input.Range(codes.lowest, codes.highest)};
  Exact<float> x(input.Floats(count), input), scale(Scales(input, count), input);
  Exact<int32_t> zero_point(ZeroPoints(input, count, codes), input);
  Exact<uint8_t> q(input.Bytes(count), input);
  std::vector<uint8_t> bytes(count);
  std::vector<float> floats(count);
  QuantizeAffineScalar(x.data(), count, params, codes.range, bytes.data());
  ForEachVariant(QuantizeAffineVariants(), [&](QuantizeAffineFn& fn, const char* isa) {
    Exact<uint8_t> out(count, input);
    fn(x.data(), count, params, codes.range, out.data());
    Require(SameBits(out.Copy(), bytes), "QuantizeAffine", isa);
  });
  QuantizeAffineEachScalar(x.data(), count, scale.data(), zero_point.data(), codes.range, bytes.data());
  ForEachVariant(QuantizeAffineEachVariants(), [&](QuantizeAffineEachFn& fn, const char* isa) {
    Exact<uint8_t> out(count, input);
    fn(x.data(), count, scale.data(), zero_point.data(), codes.range, out.data());
    Require(SameBits(out.Copy(), bytes), "QuantizeAffineEach", isa);
  });
  DequantizeAffineScalar(q.data(), count, codes.is_signed, params, floats.data());
  ForEachVariant(DequantizeAffineVariants(), [&](DequantizeAffineFn& fn, const char* isa) {
    Exact<float> out(count, input);
    fn(q.data(), count, codes.is_signed, params, out.data());
    Require(SameBits(out.Copy(), floats), "DequantizeAffine", isa);
  });
  DequantizeAffineEachScalar(q.data(), count, codes.is_signed, scale.data(), zero_point.data(), floats.data());
  ForEachVariant(DequantizeAffineEachVariants(), [&](DequantizeAffineEachFn& fn, const char* isa) {
    Exact<float> out(count, input);
    fn(q.data(), count, codes.is_signed, scale.data(), zero_point.data(), out.data());
    Require(SameBits(out.Copy(), floats), "DequantizeAffineEach", isa);
  });
}

void FuzzTensors(Input& input) {
  const TensorLayout layout = LayoutOf(input, input.Byte() == 0 ? 9000 : 300);  // rarely more than is packed at a time
  const Codes codes = CodesOf(input);
  const size_t count = layout.Count(), bytes = codes.nibbles ? (count + 1) / 2 : count;
  Exact<float> x(input.Floats(count), input), scale(Scales(input, layout.ParameterCount()), input);
  Exact<int32_t> zero_point(ZeroPoints(input, layout.ParameterCount(), codes), input);
  const CodeStorage storage = codes.nibbles ? CodeStorage::kNibbles : CodeStorage::kBytes;
  const QuantizedTensor tensor{layout, scale.data(), zero_point.data(), storage, codes.is_signed};
  Exact<uint8_t> out(bytes, input);
  Exact<float> back(count, input);
  Require(QuantizeTensor(x.data(), tensor, codes.range, out.data(), nullptr), "QuantizeTensor ended");
  Require(DequantizeTensor(out.data(), tensor, back.data(), nullptr), "DequantizeTensor ended");

  std::vector<uint8_t> expected(bytes);
  std::vector<float> expected_back(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t p = ParameterOf(layout, i);
    const AffineParams params{scale.data()[p], zero_point.data()[p]};
    uint8_t code;
    QuantizeAffineScalar(x.data() + i, 1, params, codes.range, &code);
    DequantizeAffineScalar(&code, 1, codes.is_signed, params, &expected_back[i]);
    const unsigned stored = codes.nibbles ? (code & 15u) << (i % 2 * 4) : code;
    expected[codes.nibbles ? i / 2 : i] |= static_cast<uint8_t>(stored);
  }
  Require(SameBits(out.Copy(), expected), "QuantizeTensor");
  Require(SameBits(back.Copy(), expected_back), "DequantizeTensor");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  if (input.Bool()) {
    FuzzKernels(input);
  } else {
    FuzzTensors(input);
  }
  return 0;
}
