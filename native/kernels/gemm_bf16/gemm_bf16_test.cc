#include "kernels/gemm_bf16/gemm_bf16.h"

#include <doctest/doctest.h>

#include <random>

#include "kernels/small_float/small_float.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Problem {
  size_t m, n, taps, piece, pieces;
  std::vector<uint16_t> x, packed;
  std::vector<float> wide_x, w, bias;
  std::vector<int32_t> offsets;

  Problem(size_t m, size_t n, size_t taps, size_t piece, unsigned seed)
      : m(m), n(n), taps(taps), piece(piece), pieces(m + 2) {
    std::mt19937 random(seed);
    const size_t k = taps * piece;
    wide_x = NormalFloats(pieces * piece, seed);
    w = NormalFloats(k * n, seed + 1);
    bias = NormalFloats(n, seed + 2);
    x.resize(wide_x.size());
    F32ToBf16Scalar(wide_x.data(), wide_x.size(), x.data());
    Bf16ToF32Scalar(x.data(), x.size(), wide_x.data());
    std::vector<uint16_t> rounded(w.size());
    F32ToBf16Scalar(w.data(), w.size(), rounded.data());
    std::vector<float> strips(PackedCountF32(k, n));
    PackF32({w.data(), n, 1, k, 1, 0, n}, 0, StripsF32(n), 1, strips.data());
    packed.resize(strips.size());
    PackBf16(PackedF32(strips.data(), k, n), packed.data());
    Bf16ToF32Scalar(rounded.data(), rounded.size(), w.data());
    for (size_t i = 0; i < taps * m; ++i) offsets.push_back(static_cast<int32_t>(random() % pieces * piece));
  }

  std::vector<float> Run(GemmBf16Fn& fn, const ActivationSpec& act) const {
    Guarded<uint16_t> in(x, Edge::kBack, 2), weights(packed, Edge::kBack);
    Guarded<float> b(bias, Edge::kBack), y(m * n, Edge::kBack);
    fn(in.data(), {offsets.data(), m, taps, piece, 0}, 0, m, {weights.data(), taps * piece, n}, 0, n,
       {b.data(), nullptr, 0, act, y.data(), n});
    return y.Copy();
  }
};

}  // namespace

TEST_CASE("GemmBf16: the definition is close to sums of the rounded factors in float64") {
  const Problem p(5, 37, 3, 14, 1);
  const std::vector<float> y = p.Run(GemmBf16Scalar, {Activation::kNone, 0, 0});
  for (size_t i = 0; i < y.size(); ++i) {
    double sum = p.bias[i % p.n], magnitude = std::fabs(sum);
    for (size_t k = 0; k < p.taps * p.piece; ++k) {
      const auto at = static_cast<size_t>(p.offsets[k / p.piece * p.m + i / p.n]) + k % p.piece;
      const double product = static_cast<double>(p.wide_x[at]) * p.w[k * p.n + i % p.n];
      sum += product;
      magnitude += std::fabs(product);
    }
    REQUIRE(std::fabs(y[i] - sum) <= 43 * 6e-8 * magnitude);  // one rounding a product and one for the bias
  }
}

TEST_CASE("GemmBf16: every variant equals the definition") {
  for (const auto& variant : Runnable(GemmBf16Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    unsigned seed = 0;
    for (size_t m : {1, 2, 5, 7, 13}) {
      for (size_t n : {1, 16, 17, 40, 64, 70, 130}) {
        ++seed;
        const Problem p(m, n, 1 + seed % 3, 2 + seed % 9 * 2, seed);
        const ActivationSpec act{static_cast<Activation>(seed % 15), -0.5f, 1.5f};
        REQUIRE(SameFloats(p.Run(*variant.fn, act), p.Run(GemmBf16Scalar, act)));
      }
    }
  }
}
