#include "kernels/conv_grad_weight_f32/conv_grad_weight_f32.h"

#include <doctest/doctest.h>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

// Lines that share pixels of x and dy, which end where memory ends; dy with what kernels may read behind it.
struct Problem {
  size_t rows, columns, strips, x_step, dy_step, strip_stride;
  std::vector<float> x, dy, start;
  std::vector<size_t> firsts, counts;

  Problem(size_t rows, size_t columns, const std::vector<size_t>& counts, bool awkward, unsigned seed)
      : rows(rows),
        columns(columns),
        strips(StripsF32(columns)),
        x_step(rows + seed % 3),
        dy_step(columns + seed % 2),
        strip_stride((rows + 1) * kStripF32),
        counts(counts) {
    size_t pixels = 1;
    for (size_t count : counts) {
      firsts.push_back(seed % 2);
      pixels = std::max(pixels, seed % 2 + count);
    }
    const auto floats = [&](size_t count, unsigned from) {
      return awkward ? AwkwardFloats(count, from) : NormalFloats(count, from);
    };
    x = floats((pixels - 1) * x_step + rows, seed);
    dy = floats((pixels - 1) * dy_step + columns, seed + 1);
    dy.resize((pixels - 1) * dy_step + strips * kStripF32, std::numeric_limits<float>::quiet_NaN());
    start = NormalFloats(strips * strip_stride, seed + 2);
  }

  // The sums of [strip][row][16]; those behind the columns as they were.
  std::vector<float> Run(ConvGradWeightF32Fn& fn) const {
    Guarded<float> from(x, Edge::kBack), gradients(dy, Edge::kBack), sums(start, Edge::kBack);
    std::vector<PixelLine> lines;
    for (size_t i = 0; i < counts.size(); ++i) {
      lines.push_back({from.data() + firsts[i] * x_step, gradients.data() + firsts[i] * dy_step, counts[i]});
    }
    fn({lines.data(), lines.size(), x_step, dy_step}, rows, columns, sums.data(), strip_stride);
    std::vector<float> results = sums.Copy();
    for (size_t n = columns; n < strips * kStripF32; ++n) {
      for (size_t m = 0; m < rows; ++m) results[At(m, n)] = start[At(m, n)];
    }
    return results;
  }
  size_t At(size_t m, size_t n) const {
    return n / kStripF32 * strip_stride + m * kStripF32 + n % kStripF32;
  }
};

}  // namespace

TEST_CASE("ConvGradWeightF32: the definition is close to sums in float64") {
  const Problem p(7, 21, {3, 0, 5}, false, 1);
  const std::vector<float> sums = p.Run(ConvGradWeightF32Scalar);
  for (size_t m = 0; m < p.rows; ++m) {
    for (size_t n = 0; n < p.columns; ++n) {
      double sum = p.start[p.At(m, n)], magnitude = std::fabs(sum);
      for (size_t i = 0; i < p.counts.size(); ++i) {
        for (size_t j = p.firsts[i]; j < p.firsts[i] + p.counts[i]; ++j) {
          const double product = static_cast<double>(p.x[j * p.x_step + m]) * p.dy[j * p.dy_step + n];
          sum += product;
          magnitude += std::fabs(product);
        }
      }
      REQUIRE(std::fabs(sums[p.At(m, n)] - sum) <= 9 * 6e-8 * magnitude);  // a rounding for each of 8 pixels
    }
  }
}

TEST_CASE("ConvGradWeightF32: every variant equals the definition") {
  for (const auto& variant : Runnable(ConvGradWeightF32Variants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    unsigned seed = 0;
    for (size_t rows : {0, 1, 5, 6, 7, 11, 12, 13, 24, 25, 50}) {
      for (size_t columns : {1, 15, 16, 17, 32, 48, 50, 64, 65, 80, 130}) {
        for (const std::vector<size_t>& counts : {std::vector<size_t>{}, {0}, {1}, {7, 0, 4}}) {
          ++seed;
          const Problem p(rows, columns, counts, seed % 2 == 0, seed);
          REQUIRE(SameFloats(p.Run(*variant.fn), p.Run(ConvGradWeightF32Scalar)));
        }
      }
    }
  }
}
