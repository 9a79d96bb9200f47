// The launch code and the kernels, against definitions written here. Without GOSSAMER_LIBCUDA (ctest sets it to the
// stand-in) they run on a real GPU, and where there is none only the status is looked at.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include "cuda/driver.h"
#include "cuda/launch.h"
#include "engine/tensor.h"
#include "kernels/histogram/histogram.h"
#include "kernels/quantize_affine/quantize_affine.h"

using namespace gossamer;

namespace {

struct Product {
  size_t m, n, k;
  std::vector<uint8_t> x;
  std::vector<int8_t> w;
  std::vector<int32_t> expected;

  // keep(n, k): whether that weight may be other than 0.
  template <class Keep>
  Product(size_t m, size_t n, size_t k, unsigned seed, const Keep& keep)
      : m(m), n(n), k(k), x(m * k), w(n * k), expected(m * n) {
    std::mt19937 random(seed);
    for (uint8_t& value : x) value = static_cast<uint8_t>(random());
    for (size_t row = 0; row < n; ++row) {
      for (size_t i = 0; i < k; ++i) w[row * k + i] = keep(row, i) ? static_cast<int8_t>(random()) : int8_t{0};
    }
    for (size_t row = 0; row < m; ++row) {
      for (size_t column = 0; column < n; ++column) {
        for (size_t i = 0; i < k; ++i) expected[row * n + column] += x[row * k + i] * w[column * k + i];
      }
    }
  }
};

bool HasGpu() {
  MESSAGE("cuda: ", Cuda().text);
  return Cuda().is_available;
}

}  // namespace

TEST_CASE("cuda: the status says what was found, or why nothing was") {
  CHECK(!Cuda().text.empty());
  if (Cuda().is_available) {
    CHECK(Cuda().compute_capability >= 50);
  } else {
    std::vector<uint8_t> x(4);
    std::vector<int8_t> w(4);
    int32_t y;
    CHECK_THROWS_AS(CudaGemmI8(x.data(), w.data(), &y, 1, 1, 4), EngineError);
  }
  if (std::getenv("GOSSAMER_LIBCUDA") != nullptr) CHECK(Cuda().is_available == (std::getenv("FAKE_CUDA_FAIL") == nullptr));
}

TEST_CASE("cuda: int8 products are exact, whatever their sizes") {
  if (!HasGpu()) return;
  const size_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {64, 32, 64}, {65, 33, 130}, {16, 70, 31}, {2, 2, 0}};
  for (const auto& size : sizes) {
    const Product p(size[0], size[1], size[2], 3, [](size_t, size_t) { return true; });
    std::vector<int32_t> y(p.expected.size(), -1);
    CudaGemmI8(p.x.data(), p.w.data(), y.data(), p.m, p.n, p.k);
    CHECK(y == p.expected);
  }
}

TEST_CASE("cuda: sparse int8 products are exact; a pattern that is not 2:4 is refused") {
  if (!HasGpu()) return;
  for (size_t k : {4u, 9u, 64u, 101u}) {
    const Product any(37, 11, k, 5, [](size_t n, size_t i) { return (n * 7 + i * 13) % 5 == 0; });
    std::vector<int32_t> y(any.expected.size(), -1);
    CudaSparseI8(any.x.data(), any.w.data(), y.data(), any.m, any.n, any.k);
    CHECK(y == any.expected);
    const Product half(130, 6, k, 6, [](size_t n, size_t i) { return i % 4 == n % 4 || i % 4 == (n * 3 + 1) % 4; });
    y.assign(half.expected.size(), -1);
    CudaTwoFourI8(half.x.data(), half.w.data(), y.data(), half.m, half.n, half.k);
    CHECK(y == half.expected);
  }
  const Product dense(2, 2, 8, 7, [](size_t, size_t) { return true; });
  std::vector<int32_t> y(4);
  CHECK_THROWS_AS(CudaTwoFourI8(dense.x.data(), dense.w.data(), y.data(), 2, 2, 8), EngineError);
}

TEST_CASE("cuda: 4-bit products are within the rounding of their sums") {
  if (!HasGpu()) return;
  std::mt19937 random(9);
  for (const bool has_zeros : {false, true}) {
    const size_t m = 5, n = 7, k = 150, block_size = 32, blocks = 5;
    std::vector<float> x(m * k), scales(n * blocks), y(m * n);
    std::vector<uint8_t> codes(n * blocks * 16), zeros(n * 3);
    for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000;
    for (float& value : scales) value = static_cast<float>(random() % 100) / 1000;
    for (uint8_t& value : codes) value = static_cast<uint8_t>(random());
    for (uint8_t& value : zeros) value = static_cast<uint8_t>(random());
    CudaGemmNbits4(x.data(), codes.data(), scales.data(), has_zeros ? zeros.data() : nullptr, y.data(), m, n, k, block_size);
    for (size_t row = 0; row < m; ++row) {
      for (size_t column = 0; column < n; ++column) {
        double sum = 0, magnitude = 0;
        for (size_t i = 0; i < k; ++i) {
          const size_t b = i / block_size;
          const auto nibble = [](const std::vector<uint8_t>& bytes, size_t at, size_t index) {
            return index % 2 == 0 ? bytes[at + index / 2] & 15 : bytes[at + index / 2] >> 4;
          };
          const int zero = has_zeros ? nibble(zeros, column * 3, b) : 8;
          const double w = (nibble(codes, (column * blocks + b) * 16, i % block_size) - zero) *
                           static_cast<double>(scales[column * blocks + b]);
          sum += w * static_cast<double>(x[row * k + i]);
          magnitude += std::fabs(w * static_cast<double>(x[row * k + i]));
        }
        // At most k + 1 roundings of each term, each by half a unit of 2^-23.
        CHECK(std::fabs(static_cast<double>(y[row * n + column]) - sum) <= (k + 1) * magnitude * 0x1p-24);
      }
    }
  }
}

TEST_CASE("cuda: quantize and dequantize equal the definition bit for bit") {
  if (!HasGpu()) return;
  const size_t outer = 3, axis = 4, inner = 50;
  std::mt19937 random(11);
  std::vector<float> x(outer * axis * inner), scale{0.1f, 3, 1e-20f, -0.25f};
  for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 8;
  x[0] = NAN, x[1] = INFINITY, x[2] = -INFINITY, x[3] = -0.0f, x[4] = 1e38f;
  const std::vector<int32_t> zero_point{0, 10, -128, 127};
  std::vector<uint8_t> q(x.size()), expected(x.size());
  std::vector<float> back(x.size()), expected_back(x.size());
  CudaQuantize(x.data(), {outer, axis, inner, scale.data(), zero_point.data()}, -128, 127, q.data());
  CudaDequantize(q.data(), {outer, axis, inner, scale.data(), zero_point.data()}, true, back.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const AffineParams params{scale[i / inner % axis], zero_point[i / inner % axis]};
    QuantizeAffineScalar(&x[i], 1, params, {-128, 127}, &expected[i]);
    DequantizeAffineScalar(&expected[i], 1, true, params, &expected_back[i]);
  }
  CHECK(q == expected);
  CHECK(back == expected_back);
}

TEST_CASE("cuda: a histogram counts as the definition does, in shared memory and without") {
  if (!HasGpu()) return;
  std::mt19937 random(13);
  std::vector<float> x(3000);
  for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 64;
  x[5] = NAN, x[6] = INFINITY, x[7] = -0.0f, x[8] = 3e38f;
  for (const uint32_t half : {64u, 8192u}) {
    const HistogramBins bins{-6, half};
    std::vector<uint32_t> tables(kHistogramTables * HistogramTableSize(bins));
    uint64_t expected_zeros = 0, zeros = 2;
    CountBinsScalar(x.data(), x.size(), bins, tables.data(), &expected_zeros);
    std::vector<uint64_t> expected(2 * half), counts(2 * half, 1);
    for (size_t i = 0; i < 2 * half; ++i) {
      expected[i] = 1;
      for (size_t t = 0; t < kHistogramTables; ++t) expected[i] += tables[t * HistogramTableSize(bins) + i];
    }
    CudaCountBins(x.data(), x.size(), bins.exponent, bins.half, counts.data(), &zeros);
    CHECK(counts == expected);
    CHECK(zeros == expected_zeros + 2);
  }
}
