// Transposition: every variant and whole matrices against the definition, strides included.
#include "kernels/transpose/transpose.h"

#include "fuzz/input.h"

using namespace gossamer;

namespace {

template <class T>
std::vector<T> Elements(Input& input, size_t count) {
  std::vector<T> values(count);
  const std::vector<uint8_t> bytes = input.Bytes(count * sizeof(T));
  if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

size_t Extent(size_t rows, size_t cols, size_t stride) {
  return rows == 0 || cols == 0 ? 0 : (rows - 1) * stride + cols;
}

template <class T>
void Fuzz(Input& input, VariantList<TransposeFn<T>> list) {
  const size_t rows = input.Size(150), cols = input.Size(12000 / std::max<size_t>(rows, 1) % 150);
  const size_t stride = cols + input.Size(5), out_stride = rows + input.Size(5);
  Exact<T> x(Elements<T>(input, Extent(rows, cols, stride)), input);
  const size_t out_count = Extent(cols, rows, out_stride);
  std::vector<T> expected(out_count);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < cols; ++c) expected[c * out_stride + r] = x.data()[r * stride + c];
  }
  ForEachVariant(list, [&](TransposeFn<T>& fn, const char* isa) {
    Exact<T> out(std::vector<T>(out_count), input);
    fn(x.data(), rows, cols, stride, out.data(), out_stride);
    Require(SameBits(out.Copy(), expected), "Transpose", isa);
  });
  if (stride != cols || out_stride != rows) return;
  Exact<T> out(rows * cols, input);
  Require(TransposeMatrix(x.data(), rows, cols, out.data(), nullptr), "TransposeMatrix ended");
  Require(SameBits(out.Copy(), expected), "TransposeMatrix");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const uint8_t kind = input.Byte() % 4;
  if (kind == 0) Fuzz<uint8_t>(input, Transpose8Variants());
  if (kind == 1) Fuzz<uint16_t>(input, Transpose16Variants());
  if (kind == 2) Fuzz<uint32_t>(input, Transpose32Variants());
  if (kind == 3) Fuzz<uint64_t>(input, Transpose64Variants());
  return 0;
}
