// Dense int8 layers: every variant against the definition, over any rows, outputs, pieces and results.
#include "kernels/gemm_i8/gemm_i8.h"

#include <cmath>

#include "fuzz/input.h"

using namespace gossamer;

namespace {

std::vector<int32_t> Integers(Input& input, size_t count, int32_t most) {
  std::vector<int32_t> values(count);
  for (int32_t& value : values) value = input.Range(-most, most);
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t count = input.Size(20), outputs = 1 + input.Size(140), taps = 1 + input.Size(4), piece = input.Size(70);
  const size_t positions = 1 + input.Size(20), padded = (outputs + 15) / 16 * 16;
  std::vector<uint8_t> elements = input.Bytes(positions * piece);
  if (input.Byte() % 4 == 0) std::fill(elements.begin(), elements.end(), 255);
  elements.resize(elements.size() + kReadSlack);
  Exact<uint8_t> x(elements, input);
  std::vector<int8_t> w(outputs * taps * piece);
  const bool extreme = input.Byte() % 4 == 0;
  for (int8_t& value : w) value = extreme ? -128 : static_cast<int8_t>(input.Byte());
  std::vector<int32_t> offsets(taps * count);
  for (int32_t& offset : offsets) offset = static_cast<int32_t>(input.Size(positions - 1) * piece);
  const ActivationRows rows{offsets.data(), count, taps, piece, piece};

  Guarded<int8_t> panels(PanelBytesI8(outputs, taps, piece), Edge::kFront);
  std::vector<int32_t> sums(padded);
  const PackedWeightsI8 packed = PackWeightsI8(w.data(), outputs, taps, piece, panels.data(), sums.data());
  std::vector<int32_t> row_sums(count), bias = Integers(input, padded, 30000), zeros = Integers(input, padded, 128);
  RowSumsI8Scalar(x.data(), rows, 0, count, row_sums.data());
  ForEachVariant(RowSumsI8Variants(), [&](RowSumsI8Fn& fn, const char* isa) {
    Exact<int32_t> result(count, input);
    fn(x.data(), rows, 0, count, result.data());
    Require(SameBits(result.Copy(), row_sums), "RowSumsI8", isa);
  });

  Int8Output o{};
  o.kind = static_cast<Int8Result>(input.Byte() % 3);
  o.bias = bias.data();
  o.weight_zero = zeros.data();
  if (input.Bool()) o.row_sums = row_sums.data();
  std::vector<float> scale(padded), offset = input.Floats(padded);
  // Sums are below 2^26 here: 350 products, a bias, 350 * 255 times a zero point.
  for (float& value : scale) value = std::ldexp(static_cast<float>(input.Range(-1000, 1000)), input.Range(-20, -8));
  o.scale = scale.data();
  o.offset = offset.data();
  if (o.kind == Int8Result::kFloat) o.act = {static_cast<Activation>(input.Byte() % 15), input.Float(), input.Float()};
  o.zero_point = input.Byte();
  o.low = input.Byte();
  o.high = input.Range(o.low, 255);
  o.own_ratio = static_cast<float>(input.Range(-1000, 1000)) / 256;
  o.residual_ratio = static_cast<float>(input.Range(-1000, 1000)) / 256;
  o.residual_zero = input.Byte();
  o.sum_zero = input.Byte();
  o.sum_low = input.Byte();
  o.sum_high = input.Range(o.sum_low, 255);
  o.residual_stride = outputs + input.Size(3);
  o.y_stride = outputs + input.Size(3);
  std::vector<uint8_t> byte_residual = input.Bytes(count * o.residual_stride + kReadSlack);
  std::vector<float> float_residual = input.Floats(o.kind == Int8Result::kFloat ? count * o.residual_stride : 0);
  float_residual.resize(float_residual.size() + kReadSlack);
  if (o.kind != Int8Result::kInt32 && input.Bool()) {
    o.residual = o.kind == Int8Result::kFloat ? static_cast<const void*>(float_residual.data()) : byte_residual.data();
  }
  const size_t bytes = count * o.y_stride * (o.kind == Int8Result::kQuantized ? 1 : 4),
               panel_count = PanelCountI8(outputs);
  const size_t middle = input.Size(count), panel = input.Size(panel_count);
  Exact<uint8_t> expected(bytes, input);
  o.y = expected.data();
  GemmI8Scalar(x.data(), rows, 0, count, packed, 0, panel_count, o);
  ForEachVariant(GemmI8Variants(), [&](GemmI8Fn& fn, const char* isa) {
    Exact<uint8_t> y(bytes, input);
    o.y = y.data();
    fn(x.data(), rows, 0, middle, packed, 0, panel, o);
    fn(x.data(), rows, 0, middle, packed, panel, panel_count, o);
    fn(x.data(), rows, middle, count, packed, 0, panel_count, o);
    std::vector<uint8_t> result = y.Copy(), wanted = expected.Copy();
    if (o.kind == Int8Result::kFloat) {
      // Any NaN is as good as another: which operand's bits survive an addition of two is the compiler's choice.
      for (std::vector<uint8_t>* all : {&result, &wanted}) {
        for (size_t i = 0; i + 4 <= bytes; i += 4) {
          float value;
          std::memcpy(&value, all->data() + i, 4);
          if (std::isnan(value)) std::memset(all->data() + i, 0xff, 4);
        }
      }
    }
    Require(SameBits(result, wanted), "GemmI8", isa);
  });
  return 0;
}
