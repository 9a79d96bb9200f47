#include "kernels/block_quantize/block_quantize.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "kernels/block_quantize/matrix.h"
#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct NamedScheme {
  const char* name;
  unsigned bits;
  BlockScheme scheme;
};

std::vector<NamedScheme> Schemes() {
  std::vector<NamedScheme> schemes;
  for (uint32_t steps : {1u, 20u}) {
    schemes.push_back({"4-bit full", 4, {BlockMapping::kSymmetricFull, 0, 15, 8, steps, 0.8f}});
    schemes.push_back({"4-bit restricted", 4, {BlockMapping::kSymmetric, 1, 15, 8, steps, 0.8f}});
    schemes.push_back({"4-bit asymmetric", 4, {BlockMapping::kAsymmetric, 0, 15, 0, steps, 0.7f}});
    schemes.push_back({"2-bit asymmetric", 2, {BlockMapping::kAsymmetric, 0, 3, 0, steps, 0.4f}});
    schemes.push_back({"8-bit full", 8, {BlockMapping::kSymmetricFull, 0, 255, 128, steps, 0.8f}});
    schemes.push_back({"int8 restricted", 8, {BlockMapping::kSymmetric, -127, 127, 0, steps, 0.8f}});
    schemes.push_back({"int3 asymmetric", 8, {BlockMapping::kAsymmetric, -4, 3, 0, steps, 0.6f}});
  }
  // Scales so close that rounding decides which error is least: a sum in another order would choose another.
  schemes.push_back({"near ties", 4, {BlockMapping::kSymmetricFull, 0, 15, 8, 64, 0.9999f}});
  schemes.push_back({"asymmetric near ties", 4, {BlockMapping::kAsymmetric, 0, 15, 0, 64, 0.9999f}});
  return schemes;
}

struct OracleBlock {
  double scale;
  int zero_point;
  std::vector<int> codes;
};

// Written from the papers' definition, in double: range, scale, zero point, nearest code, least squared error.
OracleBlock Oracle(const std::vector<float>& x, const BlockScheme& s, double scale) {
  OracleBlock block{scale, s.code_zero, {}};
  if (s.mapping == BlockMapping::kAsymmetric) {
    const auto [smallest, largest] = std::minmax_element(x.begin(), x.end());
    const double min = std::min(*smallest, 0.0f), max = std::max(*largest, 0.0f);
    const double unclipped = max == min ? 1 : (max - min) / (s.code_max - s.code_min);
    block.zero_point = s.code_min + static_cast<int>(std::nearbyint(-min / unclipped));
  }
  for (float v : x) {
    const double code = std::nearbyint(static_cast<double>(v) / scale) + block.zero_point;
    block.codes.push_back(static_cast<int>(std::fmin(std::fmax(code, s.code_min), s.code_max)));
  }
  return block;
}

double OracleUnclippedScale(const std::vector<float>& x, const BlockScheme& s) {
  const auto [smallest, largest] = std::minmax_element(x.begin(), x.end());
  const double min = std::min(*smallest, 0.0f), max = std::max(*largest, 0.0f);
  double scale = (max - min) / (s.code_max - s.code_min);
  if (s.mapping == BlockMapping::kSymmetric) scale = std::fmax(max, -min) / (s.code_max - s.code_zero);
  if (s.mapping == BlockMapping::kSymmetricFull) scale = (max >= -min ? max : min) / (s.code_min - s.code_zero);
  return scale == 0 ? 1 : scale;
}

double Loss(const std::vector<float>& x, const OracleBlock& block) {
  double loss = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double error = x[i] - (block.codes[i] - block.zero_point) * block.scale;
    loss += error * error;
  }
  return loss;
}

int CodeOf(uint8_t byte, const BlockScheme& s) { return s.code_min < 0 ? static_cast<int8_t>(byte) : byte; }

}  // namespace

TEST_CASE("QuantizeBlocks (scalar): scale, zero point and codes are those of an oracle in double") {
  for (const NamedScheme& named : Schemes()) {
    CAPTURE(std::string(named.name));
    const BlockScheme& s = named.scheme;
    for (size_t n : {1, 15, 16, 32, 100}) {
      for (unsigned seed = 0; seed < 20; ++seed) {
        const std::vector<float> x = NormalFloats(n, seed);
        float scale;
        uint8_t zero_point;
        std::vector<uint8_t> codes(n);
        uint64_t non_finite = 0;
        QuantizeBlocksScalar(x.data(), n, n, s, &scale, &zero_point, codes.data(), &non_finite);
        CHECK(non_finite == 0);
        const double unclipped = OracleUnclippedScale(x, s);
        if (s.clip_steps == 1) CHECK(scale == doctest::Approx(unclipped).epsilon(1e-6));
        // Codes: nearest for the scale that was chosen. A float quotient may fall on the other side of a tie: half a
        // step.
        const OracleBlock same_scale = Oracle(x, s, static_cast<double>(scale));
        CHECK(CodeOf(zero_point, s) == same_scale.zero_point);
        for (size_t i = 0; i < n; ++i) {
          if (CodeOf(codes[i], s) == same_scale.codes[i]) continue;
          const double quotient = x[i] / static_cast<double>(scale);
          CHECK(std::fabs(std::fabs(quotient - std::trunc(quotient)) - 0.5) < 1e-5);
        }
        // The search finds the least loss of the grid: no other ratio is better by more than float rounding.
        double least = std::numeric_limits<double>::infinity();
        for (uint32_t step = 0; step < s.clip_steps; ++step) {
          const double ratio = s.clip_steps == 1 ? 1 : 1 - (1 - s.clip_min) * step / (s.clip_steps - 1);
          least = std::fmin(least, Loss(x, Oracle(x, s, unclipped * ratio)));
        }
        CHECK(Loss(x, same_scale) <= least * (1 + 1e-4) + 1e-12);
      }
    }
  }
}

TEST_CASE("QuantizeBlocks: every variant gives the definition's bits") {
  for (const auto& variant : Runnable(QuantizeBlocksVariants())) {
    CAPTURE(std::string(IsaName(variant.isa)));
    for (const NamedScheme& named : Schemes()) {
      CAPTURE(std::string(named.name));
      for (size_t n : AwkwardLengths()) {
        for (size_t block_size : {16, 32, 256, 37}) {
          const bool awkward = n % 2 == 1;
          const std::vector<float> x = awkward ? AwkwardFloats(n, 1) : NormalFloats(n, 1);
          const size_t blocks = (n + block_size - 1) / block_size;
          std::vector<float> scales(blocks);
          std::vector<uint8_t> zero_points(blocks), codes(n);
          uint64_t non_finite = 0;
          QuantizeBlocksScalar(x.data(), n, block_size, named.scheme, scales.data(), zero_points.data(), codes.data(),
                               &non_finite);
          for (Edge edge : {Edge::kFront, Edge::kBack}) {
            Guarded<float> in(x, edge), out_scales(blocks, edge);
            Guarded<uint8_t> out_zero_points(blocks, edge), out_codes(n, edge);
            uint64_t found = 0;
            variant.fn(in.data(), n, block_size, named.scheme, out_scales.data(), out_zero_points.data(),
                       out_codes.data(), &found);
            REQUIRE(SameBits(out_scales.Copy(), scales));
            REQUIRE(SameBits(out_zero_points.Copy(), zero_points));
            REQUIRE(SameBits(out_codes.Copy(), codes));
            REQUIRE(found == non_finite);
          }
        }
      }
    }
  }
}

TEST_CASE("QuantizeColumns and QuantizeColumnsPacked: a column gets what the same values in a row get") {
  for (const NamedScheme& named : Schemes()) {
    CAPTURE(std::string(named.name));
    for (size_t cols : {1, 3, 4, 7, 8, 9, 15, 16, 17, 33}) {
      for (size_t rows : {1, 15, 16, 17, 32, 70}) {
        const size_t stride = cols + 5;
        std::vector<float> x = rows % 2 == 1 ? AwkwardFloats(rows * stride, 9) : NormalFloats(rows * stride, 9);
        x.resize((rows - 1) * stride + cols);
        const size_t per_word = 32 / named.bits, words = (rows + per_word - 1) / per_word;
        std::vector<float> scales(cols);
        std::vector<uint8_t> zero_points(cols), codes((rows - 1) * stride + cols, 0);
        std::vector<uint32_t> packed(words * cols);
        uint64_t non_finite = 0;
        for (size_t c = 0; c < cols; ++c) {
          std::vector<float> column(rows);
          std::vector<uint8_t> column_codes(rows);
          for (size_t r = 0; r < rows; ++r) column[r] = x[r * stride + c];
          QuantizeBlocksScalar(column.data(), rows, rows, named.scheme, &scales[c], &zero_points[c],
                               column_codes.data(), &non_finite);
          for (size_t r = 0; r < rows; ++r) codes[r * stride + c] = column_codes[r];
          for (size_t i = 0; i < words * per_word; ++i) {
            const uint32_t code = i < rows ? column_codes[i] : zero_points[c];
            packed[i / per_word * cols + c] |= code << (i % per_word * named.bits);
          }
        }
        for (Edge edge : {Edge::kFront, Edge::kBack}) {
          Guarded<float> in(x, edge), out_scales(cols, edge);
          Guarded<uint8_t> out_zero_points(cols, edge);
          for (const auto& variant : Runnable(QuantizeColumnsVariants())) {
            CAPTURE(std::string(IsaName(variant.isa)));
            Guarded<uint8_t> out_codes(std::vector<uint8_t>(codes.size(), 0), edge);
            uint64_t found = 0;
            variant.fn(in.data(), rows, cols, stride, named.scheme, out_scales.data(), out_zero_points.data(),
                       out_codes.data(), stride, &found);
            REQUIRE(SameBits(out_scales.Copy(), scales));
            REQUIRE(SameBits(out_zero_points.Copy(), zero_points));
            REQUIRE(SameBits(out_codes.Copy(), codes));
            REQUIRE(found == non_finite);
          }
          if (named.scheme.code_min < 0) continue;
          for (const auto& variant : Runnable(QuantizeColumnsPackedVariants())) {
            CAPTURE(std::string(IsaName(variant.isa)));
            Guarded<uint32_t> out_words(packed.size(), edge);
            uint64_t found = 0;
            variant.fn(in.data(), rows, cols, stride, named.scheme, named.bits, out_scales.data(),
                       out_zero_points.data(), out_words.data(), cols, &found);
            REQUIRE(SameBits(out_scales.Copy(), scales));
            REQUIRE(SameBits(out_zero_points.Copy(), zero_points));
            REQUIRE(SameBits(out_words.Copy(), packed));
            REQUIRE(found == non_finite);
          }
        }
      }
    }
  }
}

TEST_CASE("a block of zeros gets scale 1 and the zero point everywhere") {
  const std::vector<float> x(32, 0.0f);
  for (const NamedScheme& named : Schemes()) {
    float scale = 0;
    uint8_t zero_point = 77;
    std::vector<uint8_t> codes(32, 77);
    uint64_t non_finite = 0;
    QuantizeBlocks()(x.data(), 32, 32, named.scheme, &scale, &zero_point, codes.data(), &non_finite);
    CHECK(scale == 1);
    for (uint8_t code : codes) CHECK(code == zero_point);
  }
}

TEST_CASE(
    "QuantizeMatMulNBits: both layouts and any thread count give the blocks of each column, packed as documented") {
  const unsigned threads = ThreadPool::Process().Threads();
  for (const NamedScheme& named : Schemes()) {
    if (named.scheme.code_min < 0 || named.scheme.clip_steps > 1) continue;
    CAPTURE(std::string(named.name));
    for (size_t n : {1, 63, 65, 130}) {
      for (size_t k : {1, 16, 100, 256, 300}) {
        for (size_t block_size : {16, 32, 256}) {
          const size_t blocks = (k + block_size - 1) / block_size, bits = named.bits;
          const std::vector<float> rows = NormalFloats(n * k, 2);
          std::vector<float> columns(n * k), scales(n * blocks);
          for (size_t i = 0; i < n * k; ++i) columns[i % k * n + i / k] = rows[i];
          const size_t zero_point_bytes = (blocks * bits + 7) / 8;
          std::vector<uint8_t> b(n * blocks * block_size * bits / 8), zero_points(n * zero_point_bytes);
          uint64_t non_finite = 0;
          for (size_t row = 0; row < n; ++row) {
            std::vector<uint8_t> codes(blocks * block_size), zero_point(blocks);
            QuantizeBlocksScalar(rows.data() + row * k, k, block_size, named.scheme, &scales[row * blocks],
                                 zero_point.data(), codes.data(), &non_finite);
            for (size_t i = 0; i < codes.size(); ++i) {
              const int code = i < k ? codes[i] : zero_point[i / block_size];
              uint8_t& byte = b[(row * codes.size() + i) * bits / 8];
              byte = static_cast<uint8_t>(byte | code << (i * bits % 8));
            }
            for (size_t i = 0; i < blocks; ++i) {
              uint8_t& byte = zero_points[row * zero_point_bytes + i * bits / 8];
              byte = static_cast<uint8_t>(byte | zero_point[i] << (i * bits % 8));
            }
          }
          for (WeightLayout layout : {WeightLayout::kKn, WeightLayout::kNk}) {
            ThreadPool::Process().SetThreads(n % 2 == 0 ? 3 : 1);
            const BlockedWeight weight{layout == WeightLayout::kKn ? columns.data() : rows.data(), n, k, layout,
                                       block_size};
            std::vector<uint8_t> out_b(b.size(), 0xee), out_zero_points(zero_points.size(), 0xee);
            std::vector<float> out_scales(scales.size());
            uint64_t found = 9;
            CHECK(QuantizeMatMulNBits(weight, named.scheme, static_cast<unsigned>(bits),
                                      {out_b.data(), out_scales.data(), out_zero_points.data()}, &found, nullptr));
            REQUIRE(SameBits(out_b, b));
            REQUIRE(SameBits(out_scales, scales));
            REQUIRE(SameBits(out_zero_points, zero_points));
            REQUIRE(found == 0);
          }
        }
      }
    }
  }
  ThreadPool::Process().SetThreads(threads);
}

TEST_CASE("QuantizeBlockedWeight keeps the layout of the weight and counts what is not finite") {
  for (const NamedScheme& named : Schemes()) {
    CAPTURE(std::string(named.name));
    const size_t n = 70, k = 90, block_size = 32, blocks = 3;
    std::vector<float> rows = NormalFloats(n * k, 4), columns(n * k);
    rows[17] = std::numeric_limits<float>::infinity();
    rows[400] = std::numeric_limits<float>::quiet_NaN();
    for (size_t i = 0; i < n * k; ++i) columns[i % k * n + i / k] = rows[i];
    std::vector<float> scales(n * blocks), scales_kn(n * blocks);
    std::vector<uint8_t> zero_points(n * blocks), codes(n * k), zero_points_kn(n * blocks), codes_kn(n * k);
    uint64_t found = 0, found_kn = 0;
    CHECK(QuantizeBlockedWeight({rows.data(), n, k, WeightLayout::kNk, block_size}, named.scheme,
                                {codes.data(), scales.data(), zero_points.data()}, &found, nullptr));
    CHECK(QuantizeBlockedWeight({columns.data(), n, k, WeightLayout::kKn, block_size}, named.scheme,
                                {codes_kn.data(), scales_kn.data(), zero_points_kn.data()}, &found_kn, nullptr));
    CHECK(found == 2);
    CHECK(found_kn == 2);
    for (size_t row = 0; row < n; ++row) {
      for (size_t i = 0; i < k; ++i) REQUIRE(codes[row * k + i] == codes_kn[i * n + row]);
      for (size_t i = 0; i < blocks; ++i) {
        REQUIRE(scales[row * blocks + i] == scales_kn[i * n + row]);
        REQUIRE(zero_points[row * blocks + i] == zero_points_kn[i * n + row]);
      }
    }
  }
}
