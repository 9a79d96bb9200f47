#include "kernels/pool/pool.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/fixed_point_oracle.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Case {
  size_t channels, gap, in_width, rows, kernel, stride, dilation, pad, pad_end;
  size_t Extent() const { return (kernel - 1) * dilation + 1; }
  bool Fits() const { return in_width + pad + pad_end >= Extent(); }
  PoolRow Row() const {
    const size_t out = (in_width + pad + pad_end - Extent()) / stride + 1, pixel = channels + gap;
    return {channels, pixel, in_width, out, rows, pixel * in_width + 3, kernel, stride, dilation, pad};
  }
};

size_t Used(size_t rows, size_t row_stride, size_t pixels, size_t pixel_stride, size_t channels) {
  return rows == 0 || channels == 0 ? 0 : (rows - 1) * row_stride + (pixels - 1) * pixel_stride + channels;
}

// The elements of channel c in the window at ow, found by walking over every tap of an endless image.
template <class T>
std::vector<T> Elements(const std::vector<T>& x, const PoolRow& row, size_t ow, size_t c) {
  std::vector<T> found;
  for (size_t r = 0; r < row.rows; ++r) {
    for (size_t t = 0; t < row.kernel; ++t) {
      const long long column = static_cast<long long>(ow * row.stride + t * row.dilation) - static_cast<long long>(row.pad);
      if (column < 0 || column >= static_cast<long long>(row.in_width)) continue;
      found.push_back(x[r * row.row_stride + static_cast<size_t>(column) * row.pixel_stride + c]);
    }
  }
  return found;
}

size_t Padded(const PoolRow& row, size_t pad_end, size_t ow) {
  size_t padded = 0;
  for (size_t t = 0; t < row.kernel; ++t) padded += ow * row.stride + t * row.dilation < row.pad + row.in_width + pad_end;
  return padded;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (size_t channels : {1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 65, 100, 130, 300}) {
    for (const Case& base : std::vector<Case>{{0, 0, 1, 1, 1, 1, 1, 0, 0},
                                              {0, 0, 9, 3, 3, 2, 1, 1, 1},
                                              {0, 0, 7, 2, 3, 1, 1, 1, 1},
                                              {0, 5, 8, 3, 2, 2, 1, 0, 2},
                                              {0, 0, 6, 1, 3, 1, 2, 3, 2},
                                              {0, 0, 3, 2, 2, 3, 1, 1, 5},
                                              {0, 0, 7, 7, 7, 1, 1, 0, 0}}) {
      Case c = base;
      c.channels = channels;
      if (c.Fits()) cases.push_back(c);
    }
  }
  return cases;
}

template <class Fn, class T, class Call>
void CheckVariants(VariantList<Fn> list, const std::vector<T>& x, const std::vector<T>& expected, const Call& call) {
  for (const auto& variant : Runnable(list)) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (Edge edge : {Edge::kFront, Edge::kBack}) {
      Guarded<T> in(x, edge), out(std::vector<T>(expected.size(), T{9}), edge);
      call(*variant.fn, in.data(), out.data());
      REQUIRE(SameBits(out.Copy(), expected));
    }
  }
}

}  // namespace

TEST_CASE("MaxPoolFloat: every variant equals the oracle; NaN wins") {
  unsigned seed = 0;
  for (const Case& c : Cases()) {
    const PoolRow row = c.Row();
    std::vector<float> x = AwkwardFloats(Used(row.rows, row.row_stride, row.in_width, row.pixel_stride, row.channels), ++seed);
    for (float& v : x) v = v == 0 ? 0.0f : v;  // of two zeros either may be called the larger
    std::vector<float> expected(Used(1, 0, row.out_width, row.pixel_stride, row.channels), 9.0f);
    for (size_t ow = 0; ow < row.out_width; ++ow) {
      for (size_t ch = 0; ch < row.channels; ++ch) {
        const std::vector<float> all = Elements(x, row, ow, ch);
        float best = -std::numeric_limits<float>::infinity();
        for (float v : all) best = std::isnan(v) || std::isnan(best) ? std::numeric_limits<float>::quiet_NaN() : std::max(best, v);
        expected[ow * row.pixel_stride + ch] = best;
      }
    }
    CheckVariants(MaxPoolFloatVariants(), x, expected,
                  [&](MaxPoolFloatFn& fn, const float* in, float* out) { fn(in, row, out); });
  }
}

TEST_CASE("MaxPoolUint8: every variant equals the oracle") {
  std::mt19937 random(1);
  for (const Case& c : Cases()) {
    const PoolRow row = c.Row();
    std::vector<uint8_t> x(Used(row.rows, row.row_stride, row.in_width, row.pixel_stride, row.channels));
    for (uint8_t& v : x) v = static_cast<uint8_t>(random());
    std::vector<uint8_t> expected(Used(1, 0, row.out_width, row.pixel_stride, row.channels), 9);
    for (size_t ow = 0; ow < row.out_width; ++ow) {
      for (size_t ch = 0; ch < row.channels; ++ch) {
        std::vector<uint8_t> all = Elements(x, row, ow, ch);
        all.push_back(0);
        expected[ow * row.pixel_stride + ch] = *std::max_element(all.begin(), all.end());
      }
    }
    CheckVariants(MaxPoolUint8Variants(), x, expected,
                  [&](MaxPoolUint8Fn& fn, const uint8_t* in, uint8_t* out) { fn(in, row, out); });
  }
}

TEST_CASE("AveragePoolFloat: every variant equals the oracle") {
  unsigned seed = 0;
  for (const Case& c : Cases()) {
    for (bool include : {false, true}) {
      const PoolRow row = c.Row();
      const AverageCounts counts{include, row.rows + 1, c.pad_end};
      const std::vector<float> x =
          NormalFloats(Used(row.rows, row.row_stride, row.in_width, row.pixel_stride, row.channels), ++seed);
      std::vector<float> expected(Used(1, 0, row.out_width, row.pixel_stride, row.channels), 9.0f);
      bool empty = false;
      for (size_t ow = 0; ow < row.out_width; ++ow) {
        for (size_t ch = 0; ch < row.channels; ++ch) {
          const std::vector<float> all = Elements(x, row, ow, ch);
          float sum = 0;
          for (float v : all) sum += v;
          const size_t count = include ? counts.rows * Padded(row, c.pad_end, ow) : all.size();
          empty = empty || count == 0;
          expected[ow * row.pixel_stride + ch] = sum / static_cast<float>(count);
        }
      }
      if (empty) continue;  // NaN of either sign
      CheckVariants(AveragePoolFloatVariants(), x, expected,
                    [&](AveragePoolFloatFn& fn, const float* in, float* out) { fn(in, row, counts, out); });
    }
  }
}

TEST_CASE("AveragePoolUint8: every variant equals the oracle, ties and saturation included") {
  std::mt19937 random(7);
  for (const Case& c : Cases()) {
    for (unsigned kind = 0; kind < 5; ++kind) {
      const PoolRow row = c.Row();
      const AverageCounts counts{(kind & 1) != 0, row.rows + 1, c.pad_end};
      const float ratios[] = {1.0f, 0.5f, 3.7f, 0.01f, 1e9f};
      const Int8AverageScales scales{ratios[kind], 1.0f, static_cast<int32_t>(random() % 256),
                                     static_cast<int32_t>(random() % 256)};
      std::vector<uint8_t> x(Used(row.rows, row.row_stride, row.in_width, row.pixel_stride, row.channels));
      for (uint8_t& v : x) v = static_cast<uint8_t>(random());
      std::vector<uint8_t> expected(Used(1, 0, row.out_width, row.pixel_stride, row.channels), 9);
      for (size_t ow = 0; ow < row.out_width; ++ow) {
        for (size_t ch = 0; ch < row.channels; ++ch) {
          int64_t sum = 0;
          const std::vector<uint8_t> all = Elements(x, row, ow, ch);
          for (uint8_t v : all) sum += v - scales.x_zero;
          const size_t count = counts.include_pad ? counts.rows * Padded(row, c.pad_end, ow) : all.size();
          const float multiplier = scales.x_scale / (scales.y_scale * static_cast<float>(count));
          const double q = std::rint(static_cast<double>(static_cast<float>(sum) * multiplier)) + scales.y_zero;
          expected[ow * row.pixel_stride + ch] = static_cast<uint8_t>(q > 0 ? std::min(q, 255.0) : 0);
        }
      }
      CheckVariants(AveragePoolUint8Variants(), x, expected, [&](AveragePoolUint8Fn& fn, const uint8_t* in, uint8_t* out) {
        fn(in, row, counts, scales, out);
      });
    }
  }
}

TEST_CASE("AveragePoolUint8: in fixed point every variant equals the formula") {
  std::mt19937 random(8);
  for (const Case& c : Cases()) {
    for (unsigned kind = 0; kind < 4; ++kind) {
      const PoolRow row = c.Row();
      const AverageCounts counts{(kind & 1) != 0, row.rows + 1, c.pad_end};
      Int8AverageScales scales{1.0f, 1.0f, static_cast<int32_t>(random() % 256), static_cast<int32_t>(random() % 256)};
      scales.is_fixed = true;
      scales.multiplier = static_cast<int32_t>((1u << 30) + random() % (1u << 30));
      scales.exponent = static_cast<int32_t>(kind) - 1;
      std::vector<uint8_t> x(Used(row.rows, row.row_stride, row.in_width, row.pixel_stride, row.channels));
      for (uint8_t& v : x) v = static_cast<uint8_t>(random());
      std::vector<uint8_t> expected(Used(1, 0, row.out_width, row.pixel_stride, row.channels), 9);
      for (size_t ow = 0; ow < row.out_width; ++ow) {
        for (size_t ch = 0; ch < row.channels; ++ch) {
          int64_t sum = 0;
          const std::vector<uint8_t> all = Elements(x, row, ow, ch);
          for (uint8_t v : all) sum += v - scales.x_zero;
          const size_t count = counts.include_pad ? counts.rows * Padded(row, c.pad_end, ow) : all.size();
          const double q = RequantizeOracle(sum, AverageFactor(scales, all.size(), count)) + scales.y_zero;
          expected[ow * row.pixel_stride + ch] = static_cast<uint8_t>(std::min(std::max(q, 0.0), 255.0));
        }
      }
      CheckVariants(AveragePoolUint8Variants(), x, expected, [&](AveragePoolUint8Fn& fn, const uint8_t* in, uint8_t* out) {
        fn(in, row, counts, scales, out);
      });
    }
  }
}
