#include "kernels/binary_f32/binary_f32.h"

#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

float Oracle(Binary kind, float a, float b) {
  const bool nan = std::isnan(a) || std::isnan(b);
  switch (kind) {
    case Binary::kAdd: return a + b;
    case Binary::kSub: return a - b;
    case Binary::kMul: return a * b;
    case Binary::kDiv: return a / b;
    case Binary::kMin: return nan ? std::nanf("") : a == b ? b : std::fmin(a, b);
    case Binary::kMax: return nan ? std::nanf("") : a == b ? b : std::fmax(a, b);
    case Binary::kPrelu: return a < 0 ? a * b : a;
  }
  return 0;
}

}  // namespace

TEST_CASE("BinaryF32: every variant equals the oracle, for every way to broadcast") {
  const size_t rows = 3;
  for (const auto& variant : Runnable(BinaryF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (size_t k = 0; k < kBinaryKinds; ++k) {
      CAPTURE(k);
      for (size_t cols : AwkwardLengths()) {
        for (unsigned broadcast = 0; broadcast < 16; ++broadcast) {
          const size_t step_a = broadcast & 1, step_b = broadcast >> 1 & 1;
          const size_t row_a = (broadcast & 4) != 0 ? (step_a != 0 ? cols : 1) : 0;
          const size_t row_b = (broadcast & 8) != 0 ? (step_b != 0 ? cols : 1) : 0;
          const size_t size_a = (row_a != 0 ? rows : 1) * (step_a != 0 ? cols : 1);
          const size_t size_b = (row_b != 0 ? rows : 1) * (step_b != 0 ? cols : 1);
          const std::vector<float> a = AwkwardFloats(size_a, broadcast), b = AwkwardFloats(size_b, broadcast + 100);
          std::vector<float> expected;
          for (size_t i = 0; i < rows * cols; ++i) {
            const size_t r = i / cols, c = i % cols;
            expected.push_back(Oracle(static_cast<Binary>(k), a[r * row_a + c * step_a], b[r * row_b + c * step_b]));
          }
          const Edge edge = (cols & 1) != 0 ? Edge::kFront : Edge::kBack;
          Guarded<float> in_a(a, edge, 4), in_b(b, edge, 4), out(rows * cols, edge, 4);
          variant.fn(static_cast<Binary>(k), {in_a.data(), row_a, step_a}, {in_b.data(), row_b, step_b}, rows, cols,
                     out.data());
          REQUIRE(SameFloats(out.Copy(), expected));
          if (row_a == cols && step_a == 1) {
            variant.fn(static_cast<Binary>(k), {in_a.data(), row_a, step_a}, {in_b.data(), row_b, step_b}, rows, cols,
                       in_a.data());
            REQUIRE(SameFloats(in_a.Copy(), expected));
          }
        }
      }
    }
  }
}
