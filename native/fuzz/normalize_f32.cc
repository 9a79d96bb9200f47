// Normalisation: every kernel against the definition, with and without each optional array.
#include "kernels/normalize_f32/normalize_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

void FuzzRows(Input& input) {
  const uint8_t there = input.Byte();
  const size_t rows = input.Size(4), cols = 1 + input.Size(150), count = rows * cols;
  Exact<float> x(input.Floats(count), input), skip(input.Floats(count), input), skip_bias(input.Floats(cols), input);
  Exact<float> scale(input.Floats(cols), input), shift(input.Floats(cols), input);
  const auto run = [&](NormalizeF32Fn& fn) {
    Exact<float> y(count, input), sum(count, input), means(rows, input), reciprocals(rows, input);
    fn({(there & 1) != 0 ? Normalize::kLayer : Normalize::kRms, x.data(), (there & 2) != 0 ? skip.data() : nullptr,
        (there & 4) != 0 ? skip_bias.data() : nullptr, (there & 8) != 0 ? scale.data() : nullptr,
        (there & 16) != 0 ? shift.data() : nullptr, 1e-5f, y.data(), (there & 32) != 0 ? sum.data() : nullptr,
        means.data(), reciprocals.data()},
       rows, cols);
    std::vector<float> all = y.Copy();
    for (const Exact<float>* part : {&sum, &means, &reciprocals}) {
      const std::vector<float> copy = part->Copy();
      if (part != &sum || (there & 32) != 0) all.insert(all.end(), copy.begin(), copy.end());
    }
    return all;
  };
  const std::vector<float> expected = run(NormalizeF32Scalar);
  ForEachVariant(NormalizeF32Variants(), [&](NormalizeF32Fn& fn, const char* isa) {
    Require(SameFloats(run(fn), expected), "NormalizeF32", isa);
  });
}

void FuzzMoments(Input& input) {
  const size_t count = 1 + input.Size(300);
  Exact<float> x(input.Floats(count), input);
  std::vector<float> expected(2), moments(2);
  MomentsF32Scalar(x.data(), count, &expected[0], &expected[1]);
  ForEachVariant(MomentsF32Variants(), [&](MomentsF32Fn& fn, const char* isa) {
    fn(x.data(), count, &moments[0], &moments[1]);
    Require(SameFloats(moments, expected), "MomentsF32", isa);
  });
}

void FuzzAffine(Input& input) {
  const AffineAxis axis = input.Bool() ? AffineAxis::kRows : AffineAxis::kColumns;
  const size_t rows = input.Size(5), cols = input.Size(100), parameters = axis == AffineAxis::kRows ? rows : cols;
  Exact<float> x(input.Floats(rows * cols), input), scale(input.Floats(parameters), input);
  Exact<float> shift(input.Floats(parameters), input);
  std::vector<float> expected(rows * cols);
  AffineF32Scalar(axis, x.data(), rows, cols, scale.data(), shift.data(), expected.data());
  ForEachVariant(AffineF32Variants(), [&](AffineF32Fn& fn, const char* isa) {
    Exact<float> y(rows * cols, input);
    fn(axis, x.data(), rows, cols, scale.data(), shift.data(), y.data());
    Require(SameFloats(y.Copy(), expected), "AffineF32", isa);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 3;
  if (kind == 0) FuzzRows(input);
  if (kind == 1) FuzzMoments(input);
  if (kind == 2) FuzzAffine(input);
  return 0;
}
