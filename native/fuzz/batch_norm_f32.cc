// Batch normalisation while training: every kernel against the definition, for every activation.
#include "kernels/batch_norm_f32/batch_norm_f32.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

ColumnMatrix MatrixOf(Input& input) {
  const size_t rows = input.Size(150), cols = 1 + input.Size(90);
  return {rows, cols, cols + input.Size(3)};
}
size_t CountOf(const ColumnMatrix& matrix) {
  return matrix.rows == 0 ? 0 : (matrix.rows - 1) * matrix.stride + matrix.cols;
}
BatchNormEpilogue EpilogueOf(Input& input) {
  const auto kind = static_cast<BatchNormActivation>(input.Byte() % 3);
  const float low = input.Float();
  return {kind, low, low + 2};
}

bool SameDoubles(const std::vector<double>& a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof(double)) != 0) return false;
  }
  return a.size() == b.size();
}

// call(fn, first, second): a kernel with one result or two in float64, one a column.
template <class Fn, class Call>
void CompareColumns(Input& input, VariantList<Fn> list, Fn& scalar, size_t cols, const char* what, const Call& call) {
  const auto run = [&](Fn& fn) {
    Exact<double> first(cols, input), second(cols, input);
    call(fn, first.data(), second.data());
    std::vector<double> all = first.Copy();
    const std::vector<double> more = second.Copy();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const std::vector<double> expected = run(scalar);
  ForEachVariant(list, [&](Fn& fn, const char* isa) { Require(SameDoubles(run(fn), expected), what, isa); });
}

template <class Fn, class Call>
void CompareElements(Input& input, VariantList<Fn> list, Fn& scalar, size_t count, const char* what, const Call& call) {
  std::vector<float> expected(count);
  call(scalar, expected.data());
  ForEachVariant(list, [&](Fn& fn, const char* isa) {
    Exact<float> y(std::vector<float>(count), input);
    call(fn, y.data());
    Require(SameFloats(y.Copy(), expected), what, isa);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 5;
  const ColumnMatrix matrix = MatrixOf(input);
  const size_t count = CountOf(matrix), cols = matrix.cols;
  Exact<float> x(input.Floats(count), input), dy(input.Floats(count), input), y(input.Floats(count), input);
  Exact<float> mean(input.Floats(cols), input), scale(input.Floats(cols), input), slope(input.Floats(cols), input),
      shift(input.Floats(cols), input);
  const BatchNormEpilogue epilogue = EpilogueOf(input);
  const BatchNormGradInputs inputs = {dy.data(), x.data(), y.data(), epilogue};
  if (kind == 0) {
    CompareColumns(input, ColumnSumsF32Variants(), ColumnSumsF32Scalar, cols, "ColumnSumsF32",
                   [&](ColumnSumsF32Fn& fn, double* sums, double*) { fn(x.data(), matrix, sums); });
  } else if (kind == 1) {
    CompareColumns(input, ColumnMomentsF32Variants(), ColumnMomentsF32Scalar, cols, "ColumnMomentsF32",
                   [&](ColumnMomentsF32Fn& fn, double* means, double* m2) { fn(x.data(), matrix, means, m2); });
  } else if (kind == 2) {
    CompareColumns(input, BatchNormGradSumsF32Variants(), BatchNormGradSumsF32Scalar, cols, "BatchNormGradSumsF32",
                   [&](BatchNormGradSumsF32Fn& fn, double* sums, double* products) {
                     fn(inputs, matrix, mean.data(), sums, products);
                   });
  } else if (kind == 3) {
    const BatchNormParameters parameters = {mean.data(), scale.data(), shift.data()};
    const float* residual = input.Bool() ? dy.data() : nullptr;
    CompareElements(
        input, BatchNormApplyF32Variants(), BatchNormApplyF32Scalar, count, "BatchNormApplyF32",
        [&](BatchNormApplyF32Fn& fn, float* to) { fn(x.data(), matrix, parameters, residual, epilogue, to); });
  } else {
    const BatchNormGradParameters parameters = {mean.data(), scale.data(), slope.data(), shift.data()};
    CompareElements(input, BatchNormGradApplyF32Variants(), BatchNormGradApplyF32Scalar, count, "BatchNormGradApplyF32",
                    [&](BatchNormGradApplyF32Fn& fn, float* to) { fn(inputs, matrix, parameters, to); });
  }
  return 0;
}
