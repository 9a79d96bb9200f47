#include "kernels/gemm_f32/gemm_f32.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const ActivationSpec kPlain{Activation::kNone, 0, 0};

// Activations, weights [k, n], and where the pieces of each row lie.
struct Problem {
  size_t m, n, taps, piece;
  bool table;
  std::vector<float> x, w, bias, residual;
  std::vector<int32_t> offsets;
  size_t x_stride;

  Problem(size_t m, size_t n, size_t taps, size_t piece, bool table, bool awkward, unsigned seed)
      : m(m), n(n), taps(taps), piece(piece), table(table), x_stride(piece + 3) {
    std::mt19937 random(seed);
    const size_t pieces = table ? m + taps + 2 : m;
    const size_t x_count = pieces == 0 ? 0 : (pieces - 1) * x_stride + piece;
    x = awkward ? AwkwardFloats(x_count, seed) : NormalFloats(x_count, seed);
    w = awkward ? AwkwardFloats(K() * n, seed + 1) : NormalFloats(K() * n, seed + 1);
    bias = NormalFloats(n, seed + 2);
    residual = NormalFloats(m == 0 ? 0 : (m - 1) * (n + 1) + n, seed + 3);
    for (size_t i = 0; table && i < taps * m; ++i) {
      offsets.push_back(static_cast<int32_t>(random() % pieces * x_stride));
    }
  }
  size_t K() const { return taps * piece; }
  ActivationRows Rows() const { return {table ? offsets.data() : nullptr, m, taps, piece, x_stride}; }
};

struct Options {
  bool bias, residual;
  ActivationSpec act;
};

std::vector<float> Run(GemmF32Fn& fn, Problem& p, const WeightsF32& weights, const Options& options, Edge edge,
                       size_t m0, size_t m1, size_t n0, size_t n1) {
  const size_t y_stride = p.n + 2;
  Guarded<float> x(p.x, edge), bias(p.bias, edge), residual(p.residual, edge);
  Guarded<float> y(std::vector<float>(p.m == 0 ? 0 : (p.m - 1) * y_stride + p.n, -7), edge);
  const FloatOutput output{options.bias ? bias.data() : nullptr, options.residual ? residual.data() : nullptr, p.n + 1,
                           options.act, y.data(), y_stride};
  fn(x.data(), p.Rows(), m0, m1, weights, n0, n1, output);
  return y.Copy();
}

std::vector<float> Packed(const Problem& p) {
  std::vector<float> packed(PackedCountF32(p.K(), p.n), kInf);
  PackF32({p.w.data(), p.n, 1, p.K(), 1, 0, p.n}, 0, StripsF32(p.n), 1, packed.data());
  return packed;
}

}  // namespace

TEST_CASE("PackF32 puts [K, N], [N, K] and OIHW where WeightsF32 says") {
  const size_t n = 37, channels = 5, taps = 6, k = channels * taps;
  for (int layout = 0; layout < 3; ++layout) {
    const std::vector<float> w = NormalFloats(n * k, 1);
    WeightSourceF32 source{w.data(), n, 1, k, 1, 0, n};
    if (layout == 1) source = {w.data(), n, 1, k, k, 0, 1};
    if (layout == 2) source = {w.data(), n, taps, channels, k, 1, taps};
    Guarded<float> packed(std::vector<float>(PackedCountF32(k, n), kInf), Edge::kBack);
    PackF32(source, 0, 1, 2, packed.data());
    PackF32(source, 1, StripsF32(n), 2, packed.data());
    const WeightsF32 view = PackedF32(packed.data(), k, n);
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < StripsF32(n) * kStripF32; ++j) {
        float expected = 0;
        if (j < n && layout == 0) expected = w[i * n + j];
        if (j < n && layout == 1) expected = w[j * k + i];
        // Of OIHW, k counts channels within taps.
        if (j < n && layout == 2) expected = w[(j * channels + i % channels) * taps + i / channels];
        REQUIRE(view.data[j / 16 * view.strip_stride + i * view.row_stride + j % 16] == 2 * expected);
      }
    }
  }
}

TEST_CASE("PackTapsF32 packs chosen taps of OIHW, and of [I, O, H, W], as PackF32 does") {
  const size_t n = 37, channels = 21, kernel = 6;
  const std::vector<float> w = NormalFloats(n * channels * kernel, 1);
  for (const std::vector<size_t>& taps : {std::vector<size_t>{0, 1, 2, 3, 4, 5}, {5, 2}, {}}) {
    for (bool outputs_first : {true, false}) {
      const size_t outer = (outputs_first ? channels : n) * kernel, k = taps.size() * channels;
      const size_t n_stride = outputs_first ? outer : kernel, piece_stride = outputs_first ? kernel : outer;
      const TapSourceF32 source{w.data(), n, channels, n_stride, piece_stride, taps.data(), taps.size()};
      Guarded<float> packed(std::vector<float>(PackedCountF32(k, n), kInf), Edge::kBack);
      PackTapsF32(source, 0, 1, packed.data());
      PackTapsF32(source, 1, StripsF32(n), packed.data() + kStripF32 * k);
      const WeightsF32 view = PackedF32(packed.data(), k, n);
      for (size_t i = 0; i < k; ++i) {
        for (size_t j = 0; j < StripsF32(n) * kStripF32; ++j) {
          const size_t c = i % channels, tap = taps[i / channels];
          const size_t at = (outputs_first ? j * channels + c : c * n + j) * kernel + tap;
          REQUIRE(view.data[j / 16 * view.strip_stride + i * view.row_stride + j % 16] == (j < n ? w[at] : 0));
        }
      }
    }
  }
}

TEST_CASE("GemmF32: the definition is close to sums in float64") {
  for (bool table : {false, true}) {
    Problem p(7, 21, table ? 5 : 1, 13, table, false, 3);
    const std::vector<float> packed = Packed(p);
    const std::vector<float> y = Run(GemmF32Scalar, p, PackedF32(packed.data(), p.K(), p.n), {true, true, kPlain},
                                     Edge::kBack, 0, p.m, 0, p.n);
    for (size_t m = 0; m < p.m; ++m) {
      for (size_t n = 0; n < p.n; ++n) {
        double sum = static_cast<double>(p.bias[n]) + p.residual[m * (p.n + 1) + n], magnitude = std::fabs(sum);
        for (size_t k = 0; k < p.K(); ++k) {
          const size_t at = table ? static_cast<size_t>(p.offsets[k / p.piece * p.m + m]) : m * p.x_stride;
          const double product = static_cast<double>(p.x[at + k % p.piece]) * p.w[k * p.n + n];
          sum += product;
          magnitude += std::fabs(product);
        }
        // Each of K + 2 roundings loses at most half a unit of a partial sum, which is below the sum of magnitudes.
        const double tolerance = static_cast<double>(p.K() + 2) * 6e-8 * magnitude;
        REQUIRE(std::fabs(y[m * (p.n + 2) + n] - sum) <= tolerance);
      }
    }
  }
}

TEST_CASE("GemmF32: every variant equals the definition, packed weights and a plain matrix") {
  const std::vector<size_t> heights = {0, 1, 2, 3, 5, 6, 7, 8, 11, 12, 13, 25};
  const std::vector<size_t> widths = {1, 15, 16, 17, 31, 48, 50, 64, 65, 130, 257};
  for (const auto& variant : Runnable(GemmF32Variants())) {
    if (variant.isa == Isa::kScalar) continue;
    CAPTURE(std::string(IsaName(variant.isa)));
    unsigned seed = 0;
    for (size_t m : heights) {
      for (size_t n : widths) {
        ++seed;
        CAPTURE(m);
        CAPTURE(n);
        const bool table = seed % 2 == 0;
        Problem p(m, n, table ? seed % 4 : 1, seed % 7 == 0 ? 0 : 1 + seed % 19, table, seed % 3 == 0, seed);
        const Options options{seed % 5 != 0, seed % 3 != 1, {static_cast<Activation>(seed % 15), -0.5f, 1.5f}};
        const Edge edge = seed % 2 == 0 ? Edge::kFront : Edge::kBack;
        Guarded<float> packed(Packed(p), edge);
        const WeightsF32 weights = PackedF32(packed.data(), p.K(), n);
        const std::vector<float> expected = Run(GemmF32Scalar, p, weights, options, edge, 0, m, 0, n);
        REQUIRE(SameFloats(Run(*variant.fn, p, weights, options, edge, 0, m, 0, n), expected));

        std::vector<float> plain = p.w;
        plain.resize(plain.size() + 15, std::numeric_limits<float>::quiet_NaN());  // what may be read behind a row
        Guarded<float> matrix(plain, Edge::kBack);
        const WeightsF32 rows_of_n{matrix.data(), p.K(), n, n, kStripF32};
        REQUIRE(SameFloats(Run(*variant.fn, p, rows_of_n, options, edge, 0, m, 0, n), expected));
      }
    }
  }
}

TEST_CASE("GemmF32: any part of the rows and columns has the same bits, and nothing else is written") {
  Problem p(20, 150, 3, 9, true, false, 5);
  const std::vector<float> packed = Packed(p);
  const WeightsF32 weights = PackedF32(packed.data(), p.K(), p.n);
  const Options options{true, true, {Activation::kGelu, 0, 0}};
  for (const auto& variant : Runnable(GemmF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    const std::vector<float> all = Run(*variant.fn, p, weights, options, Edge::kBack, 0, p.m, 0, p.n);
    for (auto [m0, m1] : {std::pair<size_t, size_t>{3, 4}, {0, 13}, {19, 20}, {4, 4}}) {
      for (auto [n0, n1] : {std::pair<size_t, size_t>{0, 16}, {16, 112}, {48, 150}, {144, 150}, {16, 16}}) {
        const std::vector<float> part = Run(*variant.fn, p, weights, options, Edge::kBack, m0, m1, n0, n1);
        for (size_t m = 0; m < p.m; ++m) {
          for (size_t n = 0; n < p.n; ++n) {
            const bool inside = m0 <= m && m < m1 && n0 <= n && n < n1;
            REQUIRE(part[m * (p.n + 2) + n] == (inside ? all[m * (p.n + 2) + n] : -7));
          }
        }
      }
    }
  }
}

TEST_CASE("GemmF32: the residual may be the output") {
  Problem p(9, 70, 1, 33, false, false, 9);
  const std::vector<float> packed = Packed(p);
  for (const auto& variant : Runnable(GemmF32Variants())) {
    std::vector<float> separate(p.m * p.n), shared = NormalFloats(p.m * p.n, 4);
    const std::vector<float> residual = shared;
    const WeightsF32 weights = PackedF32(packed.data(), p.K(), p.n);
    for (const ActivationSpec& act : {kPlain, ActivationSpec{Activation::kSilu, 0, 0}}) {
      shared = residual;
      const FloatOutput apart{nullptr, residual.data(), p.n, act, separate.data(), p.n};
      const FloatOutput same{nullptr, shared.data(), p.n, act, shared.data(), p.n};
      variant.fn(p.x.data(), p.Rows(), 0, p.m, weights, 0, p.n, apart);
      variant.fn(p.x.data(), p.Rows(), 0, p.m, weights, 0, p.n, same);
      CHECK(SameBits(separate, shared));
    }
  }
}

TEST_CASE("GemmTransposedF32, also with k split, equals GemmF32") {
  unsigned seed = 0;
  for (size_t m : {size_t{1}, size_t{5}, size_t{12}, size_t{25}}) {
    for (size_t n : {size_t{1}, size_t{16}, size_t{50}, size_t{64}, size_t{130}}) {
      ++seed;
      Problem p(m, n, 1, 31, false, seed % 3 == 0, seed);
      const std::vector<float> packed = Packed(p);
      const WeightsF32 weights = PackedF32(packed.data(), p.K(), n);
      const size_t x_stride = m + 2, y_stride = n + 2;
      std::vector<float> turned((p.K() - 1) * x_stride + m);
      for (size_t i = 0; i < m; ++i) {
        for (size_t k = 0; k < p.K(); ++k) turned[k * x_stride + i] = p.x[i * p.x_stride + k];
      }
      const Options options{true, true, {Activation::kLeaky, 0.5f, 0}};
      const std::vector<float> expected = Run(GemmF32Scalar, p, weights, options, Edge::kBack, 0, m, 0, n);
      Guarded<float> x(turned, Edge::kBack);
      for (const auto& variant : Runnable(GemmTransposedF32Variants())) {
        CAPTURE(std::string(IsaName(variant.isa)));
        for (const std::vector<size_t>& ends : {std::vector<size_t>{31}, std::vector<size_t>{7, 8, 31}}) {
          Guarded<float> y(std::vector<float>((m - 1) * y_stride + n, -7), Edge::kBack);
          size_t first = 0;
          for (size_t end : ends) {
            FloatOutput output{nullptr, nullptr, 0, kPlain, y.data(), y_stride};
            if (end == 31) output = {p.bias.data(), p.residual.data(), n + 1, options.act, y.data(), y_stride};
            output.goes_on = first > 0;
            const WeightsF32 part{packed.data() + first * kStripF32, end - first, n, kStripF32, kStripF32 * p.K()};
            variant.fn(x.data() + first * x_stride, x_stride, 0, m, part, 0, n, output);
            first = end;
          }
          REQUIRE(SameFloats(y.Copy(), expected));
        }
      }
    }
  }
}
