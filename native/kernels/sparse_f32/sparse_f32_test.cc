#include "kernels/sparse_f32/sparse_f32.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "kernels/sparse_f32/pack.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Shape {
  size_t m, n, taps, piece;
  bool table;
};

struct Case {
  Case(Shape shape, unsigned percent_kept, unsigned seed) : s(shape), random(seed) {
    const size_t depth = s.taps * s.piece;
    w.resize(s.n * depth);
    for (float& v : w) v = random() % 100 < percent_kept ? Normal() : 0;
    x.resize(s.table ? depth * 3 + 40 : s.m * depth);
    for (float& v : x) v = Normal();
    if (s.table) {
      for (size_t i = 0; i < s.taps * s.m; ++i) {
        offsets.push_back(static_cast<int32_t>(random() % (x.size() - s.piece + 1)));
      }
    }
    bias.resize(s.n);
    for (float& v : bias) v = Normal();
    residual.resize(s.m * (s.n + 1));
    for (float& v : residual) v = Normal();
  }
  float Normal() { return std::normal_distribution<float>()(random); }
  ActivationRows Rows() const {
    return {s.table ? offsets.data() : nullptr, s.m, s.taps, s.piece, s.taps * s.piece};
  }
  WeightSourceF32 Source() const { return {w.data(), s.n, s.taps, s.piece, s.taps * s.piece, s.piece, 1}; }

  Shape s;
  std::mt19937 random;
  std::vector<float> w, x, bias, residual;
  std::vector<int32_t> offsets;
};

struct Scratch {
  std::vector<uint8_t> memory = std::vector<uint8_t>(kSparseScratchBytesF32 + 64);
  void* data() { return memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64; }
};

// The definition against sums in float64; the others against the definition, bit for bit.
void Check(Case& c, const ActivationSpec& act, bool with_bias, bool with_residual) {
  const PackedSparseF32 packed(c.Source());
  const size_t stride = c.s.n + 2;
  Scratch scratch;
  FloatOutput output{with_bias ? c.bias.data() : nullptr, with_residual ? c.residual.data() : nullptr, c.s.n + 1, act,
                     nullptr, stride};
  std::vector<float> expected(c.s.m * stride, -7);
  output.y = expected.data();
  SparseF32Scalar(c.x.data(), c.Rows(), 0, c.s.m, packed.View(), 0, c.s.n, output, nullptr);
  if (act.kind == Activation::kNone) {
    const size_t depth = c.s.taps * c.s.piece;
    for (size_t m = 0; m < c.s.m; ++m) {
      for (size_t n = 0; n < c.s.n; ++n) {
        double sum = 0, magnitude = 0;
        for (size_t k = 0; k < depth; ++k) {
          const size_t tap = k / c.s.piece, in_piece = k % c.s.piece;
          const size_t from = c.s.table ? static_cast<size_t>(c.offsets[tap * c.s.m + m]) : m * depth + tap * c.s.piece;
          const double product = double(c.w[n * depth + k]) * c.x[from + in_piece];
          sum += product;
          magnitude += std::fabs(product);
        }
        if (with_bias) sum += c.bias[n];
        if (with_residual) sum += c.residual[m * (c.s.n + 1) + n];
        // A chain of d roundings is off by at most d * eps / 2 of the sum of magnitudes; bias and residual add two.
        const double bound = double(depth + 3) * 6e-8 * (magnitude + 10);
        REQUIRE(std::fabs(expected[m * stride + n] - sum) <= bound);
      }
    }
  }
  for (const auto& variant : Runnable(SparseF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (Edge edge : {Edge::kFront, Edge::kBack}) {
      Guarded<float> x(c.x, edge), y(std::vector<float>(expected.size(), -7), edge);
      output.y = y.data();
      variant.fn(x.data(), c.Rows(), 0, c.s.m, packed.View(), 0, c.s.n, output, scratch.data());
      REQUIRE(SameBits(y.Copy(), expected));
    }
  }
}

}  // namespace

TEST_CASE("SparseF32: any number of rows and outputs") {
  unsigned seed = 0;
  for (size_t m : {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130}) {
    for (size_t n : {1, 7, 16, 17, 40}) {
      Case c({m, n, 1, 100, false}, 20, ++seed);
      Check(c, {Activation::kNone, 0, 0}, true, seed % 2 == 0);
    }
  }
  Case wide({20, 1100, 1, 40, false}, 10, ++seed);
  Check(wide, {Activation::kNone, 0, 0}, true, true);
}

TEST_CASE("SparseF32: pieces of any length anywhere, any density") {
  unsigned seed = 100;
  for (size_t piece : {1, 3, 8, 16, 64, 95, 96, 97, 200}) {
    for (size_t taps : {1, 2, 9}) {
      for (unsigned kept : {0, 5, 30, 100}) {
        Case c({19, 33, taps, piece, true}, kept, ++seed);
        Check(c, {Activation::kNone, 0, 0}, seed % 3 == 0, seed % 2 == 0);
      }
    }
  }
}

TEST_CASE("SparseF32: activations, and parts of the rows and outputs") {
  Case c({21, 70, 1, 130, false}, 15, 7);
  for (Activation kind : {Activation::kClamp, Activation::kGelu, Activation::kSigmoid, Activation::kLeaky}) {
    Check(c, {kind, 0.1f, 2}, true, true);
  }
  const PackedSparseF32 packed(c.Source());
  std::vector<float> whole(21 * 70), parts(21 * 70);
  Scratch scratch;
  FloatOutput output{c.bias.data(), nullptr, 0, {Activation::kNone, 0, 0}, whole.data(), 70};
  SparseF32()(c.x.data(), c.Rows(), 0, 21, packed.View(), 0, 70, output, scratch.data());
  output.y = parts.data();
  for (size_t m : {0, 5, 6}) {
    const size_t end = m == 0 ? 5 : m == 5 ? 6 : 21;
    SparseF32()(c.x.data(), c.Rows(), m, end, packed.View(), 0, 64, output, scratch.data());
    SparseF32()(c.x.data(), c.Rows(), m, end, packed.View(), 64, 70, output, scratch.data());
  }
  CHECK(SameBits(whole, parts));
}

TEST_CASE("SparseF32: infinities and NaN where weights are not zero, and only there") {
  const float inf = std::numeric_limits<float>::infinity();
  Case c({5, 20, 1, 50, false}, 30, 11);
  c.x[3] = inf;
  c.x[60] = std::numeric_limits<float>::quiet_NaN();
  const PackedSparseF32 packed(c.Source());
  Scratch scratch;
  for (const auto& variant : Runnable(SparseF32Variants())) {
    std::vector<float> y(5 * 20);
    FloatOutput output{nullptr, nullptr, 0, {Activation::kNone, 0, 0}, y.data(), 20};
    variant.fn(c.x.data(), c.Rows(), 0, 5, packed.View(), 0, 20, output, scratch.data());
    for (size_t n = 0; n < 20; ++n) {
      CHECK(std::isinf(y[n]) == (c.w[n * 50 + 3] != 0));
      CHECK(std::isnan(y[20 + n]) == (c.w[n * 50 + 10] != 0));
      CHECK(std::isfinite(y[40 + n]));
    }
  }
}

TEST_CASE("ChooseSparseF32: sparse where it pays, and says why") {
  for (unsigned kept : {100, 70, 20, 5}) {
    Case c({1, 64, 1, 256, false}, kept, kept);
    const SparseF32Choice choice = ChooseSparseF32(c.Source());
    CHECK(choice.sparse == (kept <= 20));
    CHECK(choice.reason.find("% zeros") != std::string::npos);
  }
}
