// Sums of rows: every variant against the definition.
#include "kernels/blend_rows/blend_rows.h"

#include <cmath>
#include <memory>

#include "fuzz/input.h"

using namespace gossamer;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const size_t taps = input.Size(9), count = input.Size(200);
  std::vector<float> weights(taps);
  for (float& weight : weights) weight = static_cast<float>(input.Range(-100, 100)) / 64;
  std::vector<std::unique_ptr<Exact<float>>> rows;
  std::vector<const float*> pointers;
  for (size_t t = 0; t < taps; ++t) {
    std::vector<float> values = input.Floats(count);
    // Which NaN a sum gives is not defined, so none arises.
    for (float& value : values) value = std::abs(value) < 1e30f ? value : 1.0f;
    rows.push_back(std::make_unique<Exact<float>>(values, input));
    pointers.push_back(rows.back()->data());
  }
  std::vector<float> expected(count);
  BlendRowsScalar(pointers.data(), weights.data(), taps, count, expected.data());
  ForEachVariant(BlendRowsVariants(), [&](BlendRowsFn& fn, const char* isa) {
    Exact<float> y(count, input);
    fn(pointers.data(), weights.data(), taps, count, y.data());
    Require(SameBits(y.Copy(), expected), "BlendRows", isa);
  });
  return 0;
}
