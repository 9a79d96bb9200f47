// Ranges: both kernels against the definition, and whole tensors of any layout against the definition over each
// parameter's elements.
#include "kernels/min_max/min_max.h"

#include "fuzz/layout.h"
#include "kernels/min_max/tensor.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

bool Same(const MinMaxResult& a, const MinMaxResult& b) {
  return SameBits<float>({a.min, a.max}, {b.min, b.max}) && a.nan_count == b.nan_count && a.inf_count == b.inf_count;
}

void FuzzRows(Input& input) {
  const size_t count = input.Size(300);
  Exact<float> x(input.Floats(count), input);
  const MinMaxResult start = input.Bool() ? MinMaxResult{kInf, -kInf, 0, 0} : MinMaxResult{-1, 2, 3, 4};
  MinMaxResult expected = start;
  MinMaxScalar(x.data(), count, &expected);
  ForEachVariant(MinMaxVariants(), [&](MinMaxFn& fn, const char* isa) {
    MinMaxResult result = start;
    fn(x.data(), count, &result);
    Require(Same(result, expected), "MinMax", isa);
  });
}

void FuzzColumns(Input& input) {
  const size_t rows = input.Size(8), cols = input.Size(100), stride = cols + input.Size(5);
  Exact<float> x(input.Floats(rows == 0 ? 0 : (rows - 1) * stride + cols), input);
  const std::vector<float> low(cols, kInf), high(cols, -kInf);
  std::vector<float> expected_min = low, expected_max = high;
  uint64_t expected_nan = 0, expected_inf = 0;
  MinMaxColumnsScalar(x.data(), rows, cols, stride, expected_min.data(), expected_max.data(), &expected_nan,
                      &expected_inf);
  ForEachVariant(MinMaxColumnsVariants(), [&](MinMaxColumnsFn& fn, const char* isa) {
    Exact<float> min(low, input), max(high, input);
    uint64_t nan_count = 0, inf_count = 0;
    fn(x.data(), rows, cols, stride, min.data(), max.data(), &nan_count, &inf_count);
    Require(SameBits(min.Copy(), expected_min) && SameBits(max.Copy(), expected_max), "MinMaxColumns", isa);
    Require(nan_count == expected_nan && inf_count == expected_inf, "MinMaxColumns counts", isa);
  });
}

void FuzzTensors(Input& input) {
  const TensorLayout layout = LayoutOf(input, 400);
  Exact<float> x(input.Floats(layout.Count()), input), min(layout.ParameterCount(), input);
  Exact<float> max(layout.ParameterCount(), input);
  uint64_t nan_count = 0, inf_count = 0;
  Require(MinMaxTensor(x.data(), layout, min.data(), max.data(), &nan_count, &inf_count, nullptr),
          "MinMaxTensor ended");
  std::vector<MinMaxResult> expected(layout.ParameterCount(), {kInf, -kInf, 0, 0});
  for (size_t i = 0; i < layout.Count(); ++i) MinMaxScalar(x.data() + i, 1, &expected[ParameterOf(layout, i)]);
  for (size_t p = 0; p < expected.size(); ++p) {
    Require(Same({min.data()[p], max.data()[p], 0, 0}, {expected[p].min, expected[p].max, 0, 0}), "MinMaxTensor");
    nan_count -= expected[p].nan_count;
    inf_count -= expected[p].inf_count;
  }
  Require(nan_count == 0 && inf_count == 0, "MinMaxTensor counts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 3;
  if (kind == 0) FuzzRows(input);
  if (kind == 1) FuzzColumns(input);
  if (kind == 2) FuzzTensors(input);
  return 0;
}
