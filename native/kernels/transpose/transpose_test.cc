#include "kernels/transpose/transpose.h"

#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

template <class T>
std::vector<T> Numbered(size_t count) {
  std::vector<T> x(count);
  for (size_t i = 0; i < count; ++i) x[i] = static_cast<T>(i * 2654435761u >> 7);
  return x;
}

// Rows of x and of the result with `gap` elements between them.
template <class T, class Fn>
void CheckShapes(VariantList<Fn> variants, size_t gap) {
  for (size_t rows : {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 33}) {
    for (size_t cols : {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64}) {
      const size_t stride = cols + gap, out_stride = rows + gap;
      const size_t used = rows == 0 || cols == 0 ? 0 : (rows - 1) * stride + cols;
      const size_t out_used = rows == 0 || cols == 0 ? 0 : (cols - 1) * out_stride + rows;
      const std::vector<T> x = Numbered<T>(used);
      std::vector<T> expected(out_used, 0);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < cols; ++c) expected[c * out_stride + r] = x[r * stride + c];
      }
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        for (const auto& variant : Runnable(variants)) {
          CAPTURE(std::string(IsaName(variant.isa)));
          Guarded<T> in(x, edge), out(std::vector<T>(out_used, 0), edge);
          variant.fn(in.data(), rows, cols, stride, out.data(), out_stride);
          REQUIRE(SameBits(out.Copy(), expected));  // what lies between the rows is not touched
        }
      }
    }
  }
}

template <class T, class Fn>
void CheckTranspose(VariantList<Fn> variants) {
  for (size_t gap : {0, 5}) CheckShapes<T>(variants, gap);
  for (size_t rows : {1, 63, 65, 300}) {
    for (size_t cols : {1, 64, 129}) {
      const std::vector<T> x = Numbered<T>(rows * cols);
      std::vector<T> out(x.size());
      CHECK(TransposeMatrix(x.data(), rows, cols, out.data(), nullptr));
      for (size_t i = 0; i < x.size(); ++i) REQUIRE(out[i % cols * rows + i / cols] == x[i]);
    }
  }
}

}  // namespace

TEST_CASE("Transpose8: every variant, any shape") { CheckTranspose<uint8_t>(Transpose8Variants()); }

TEST_CASE("Transpose16: every variant, any shape") { CheckTranspose<uint16_t>(Transpose16Variants()); }

TEST_CASE("Transpose32: every variant, any shape") { CheckTranspose<uint32_t>(Transpose32Variants()); }

TEST_CASE("Transpose64: every variant, any shape") { CheckTranspose<uint64_t>(Transpose64Variants()); }
