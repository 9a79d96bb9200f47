// The launch code and the kernels, against definitions written here. Without GOSSAMER_LIBCUDA (ctest sets it to the
// stand-in) they run on a real GPU, and where there is none only the status is looked at.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "cuda/driver.h"
#include "cuda/launch.h"
#include "cuda/weights.h"
#include "engine/tensor.h"

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

std::vector<int32_t> Multiply(const Product& p, CudaFormat format) {
  const std::unique_ptr<CudaI8Weights> weights = UploadI8(p.w.data(), p.n, p.k, format);
  std::vector<int32_t> y(p.expected.size(), -1);
  weights->Multiply(p.x.data(), p.m, y.data());
  return y;
}

std::string CodeOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const EngineError& error) {
    return error.code;
  }
  return "";
}

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
    const int8_t w = 1;
    CHECK(CodeOf([&] { UploadI8(&w, 1, 1, CudaFormat::kDense); }) == "ERR_CUDA_UNAVAILABLE");
  }
  if (std::getenv("GOSSAMER_LIBCUDA") != nullptr) CHECK(Cuda().is_available == (std::getenv("FAKE_CUDA_FAIL") == nullptr));
}

TEST_CASE("cuda: int8 products are exact, whatever their sizes") {
  if (!HasGpu()) return;
  const size_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {64, 32, 64}, {65, 33, 130}, {16, 70, 31}, {2, 2, 0}};
  for (const auto& size : sizes) {
    const Product p(size[0], size[1], size[2], 3, [](size_t, size_t) { return true; });
    CHECK(Multiply(p, CudaFormat::kDense) == p.expected);
  }
}

TEST_CASE("cuda: sparse int8 products are exact; a pattern that is not 2:4 is refused") {
  if (!HasGpu()) return;
  for (size_t k : {0u, 3u, 4u, 9u, 64u, 101u, 130u}) {
    const Product any(37, 11, k, 5, [](size_t n, size_t i) { return (n * 7 + i * 13) % 5 == 0; });
    CHECK(Multiply(any, CudaFormat::kSparse) == any.expected);
    // Every pair of places, none and one of four too.
    const auto two = [](size_t n, size_t i) { return i % 4 == (n + i / 4) % 4 || i % 4 == (n * 3 + i / 8) % 4; };
    const Product half(130, 70, k, 6, two);
    CHECK(Multiply(half, CudaFormat::kTwoFour) == half.expected);
    const auto one = [](size_t n, size_t i) { return (n + i / 4) % 3 != 0 && i % 4 == (n + i / 16) % 4; };
    const Product few(33, 17, k, 7, one);
    CHECK(Multiply(few, CudaFormat::kTwoFour) == few.expected);
  }
  const Product dense(2, 2, 8, 7, [](size_t, size_t) { return true; });
  CHECK(CodeOf([&] { Multiply(dense, CudaFormat::kTwoFour); }) == "ERR_CUDA_PATTERN");
}

TEST_CASE("cuda: weights are freed on another thread than they were made on, and used by several at a time") {
  if (!HasGpu()) return;
  const size_t before = AskCudaMemory().free;
  const Product p(40, 33, 70, 9, [](size_t, size_t) { return true; });
  auto weights = UploadI8(p.w.data(), p.n, p.k, CudaFormat::kDense);
  if (std::getenv("GOSSAMER_LIBCUDA") != nullptr) CHECK(AskCudaMemory().free == before - weights->Bytes());
  std::vector<std::thread> threads;
  std::vector<std::vector<int32_t>> results(4, std::vector<int32_t>(p.expected.size()));
  for (auto& y : results) threads.emplace_back([&] { weights->Multiply(p.x.data(), p.m, y.data()); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& y : results) CHECK(y == p.expected);
  std::thread([&] { weights.reset(); }).join();
  if (std::getenv("GOSSAMER_LIBCUDA") != nullptr) CHECK(AskCudaMemory().free == before);
}

TEST_CASE("cuda: more than the device has is refused by a code of its own, and nothing stays behind") {
  if (!HasGpu()) return;
  const size_t before = AskCudaMemory().free;
  CHECK(CodeOf([] { DeviceBuffer(AskCudaMemory().total + 1); }) == "ERR_CUDA_OUT_OF_MEMORY");
  CHECK(CodeOf([] { LaunchCuda("NoSuchKernel", {1, 1, 1}, {1, 1, 1}, nullptr); }) == "ERR_CUDA");
  CHECK(CodeOf([] { LaunchCuda("GemmI8Dp4aCuda", {1, 65536, 1}, {1, 1, 1}, nullptr); }) == "ERR_WRONG_LENGTH");
  if (std::getenv("GOSSAMER_LIBCUDA") != nullptr) CHECK(AskCudaMemory().free == before);
}

TEST_CASE("cuda: 4-bit products are within the rounding of their sums") {
  if (!HasGpu()) return;
  std::mt19937 random(9);
  for (const size_t block_size : {16u, 32u, 64u}) {
    const bool has_zeros = block_size != 32;
    const size_t m = 5, n = 7, k = 150, blocks = (k + block_size - 1) / block_size, zero_bytes = (blocks + 1) / 2;
    std::vector<float> x(m * k), scales(n * blocks), y(m * n);
    std::vector<uint8_t> codes(n * blocks * block_size / 2), zeros(n * zero_bytes);
    for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000;
    for (float& value : scales) value = static_cast<float>(random() % 100) / 1000;
    for (uint8_t& value : codes) value = static_cast<uint8_t>(random());
    for (uint8_t& value : zeros) value = static_cast<uint8_t>(random());
    const CudaNbits4Weights weights(codes.data(), scales.data(), has_zeros ? zeros.data() : nullptr, n, k, block_size);
    weights.Multiply(x.data(), m, y.data());
    for (size_t row = 0; row < m; ++row) {
      for (size_t column = 0; column < n; ++column) {
        double sum = 0, magnitude = 0;
        for (size_t i = 0; i < k; ++i) {
          const size_t b = i / block_size;
          const auto nibble = [](const std::vector<uint8_t>& bytes, size_t at, size_t index) {
            return index % 2 == 0 ? bytes[at + index / 2] & 15 : bytes[at + index / 2] >> 4;
          };
          const int zero = has_zeros ? nibble(zeros, column * zero_bytes, b) : 8;
          const double w = (nibble(codes, (column * blocks + b) * (block_size / 2), i % block_size) - zero) *
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

TEST_CASE("cuda: quantize and dequantize equal the CPU bit for bit, at every granularity") {
  if (!HasGpu()) return;
  const TensorLayout layouts[] = {{Granularity::kPerTensor, 1, 1, 600, 1},
                                  {Granularity::kPerAxis, 3, 4, 50, 1},
                                  {Granularity::kPerBlock, 5, 12, 10, 5},
                                  {Granularity::kPerAxis, 3, 4, 0, 1}};
  std::mt19937 random(11);
  for (const TensorLayout& layout : layouts) {
    std::vector<float> x(layout.Count()), scale(layout.ParameterCount());
    for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 8;
    const float specials[] = {NAN, INFINITY, -INFINITY, -0.0f, 1e38f, 1e-42f};
    for (size_t i = 0; i < std::min<size_t>(x.size(), 6); ++i) x[i] = specials[i];
    const float scales[] = {0.1f, 3, 1e-20f, -0.25f, 1e-41f};
    for (float& value : scale) value = scales[random() % 5];
    std::vector<int32_t> zero_point(scale.size());
    for (int32_t& value : zero_point) value = static_cast<int32_t>(random() % 256) - 128;
    const QuantizedTensor tensor{layout, scale.data(), zero_point.data(), CodeStorage::kBytes, true};
    std::vector<uint8_t> q(x.size()), expected(x.size());
    std::vector<float> back(x.size()), expected_back(x.size());
    CudaQuantizeTensor(x.data(), tensor, {-127, 127}, q.data());
    QuantizeTensor(x.data(), tensor, {-127, 127}, expected.data(), nullptr);
    CHECK(q == expected);
    CudaDequantizeTensor(expected.data(), tensor, back.data());
    DequantizeTensor(expected.data(), tensor, expected_back.data(), nullptr);
    CHECK(back == expected_back);
    const QuantizedTensor packed{layout, scale.data(), zero_point.data(), CodeStorage::kNibbles, true};
    CHECK(CodeOf([&] { CudaQuantizeTensor(x.data(), packed, {-8, 7}, q.data()); }) == "ERR_BAD_OPTION");
  }
}

TEST_CASE("cuda: a histogram counts as the CPU does, in shared memory and without") {
  if (!HasGpu()) return;
  std::mt19937 random(13);
  std::vector<float> x(3000);
  for (float& value : x) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 64;
  x[5] = NAN, x[6] = INFINITY, x[7] = -0.0f, x[8] = 3e38f;
  for (const uint32_t half : {64u, 8192u}) {
    std::vector<double> counts(2 * half, -1), expected(2 * half);
    HistogramSummary summary{}, expected_summary{};
    CHECK(CudaCountHistogram(x.data(), x.size(), half, counts.data(), &summary, nullptr));
    CountHistogram(x.data(), x.size(), half, expected.data(), &expected_summary, nullptr);
    CHECK(counts == expected);
    CHECK(summary.exponent == expected_summary.exponent);
    CHECK(summary.zero_count == expected_summary.zero_count);
    // Narrower bins than the data: the outermost take the rest.
    const HistogramBins bins{-6, half};
    std::vector<uint32_t> tables(kHistogramTables * HistogramTableSize(bins));
    uint64_t expected_zeros = 0, zeros = 2;
    CountBinsScalar(x.data(), x.size(), bins, tables.data(), &expected_zeros);
    std::vector<uint64_t> sums(2 * half, 1);
    CudaCountBins(x.data(), x.size(), bins, sums.data(), &zeros);
    CHECK(zeros == expected_zeros + 2);
    for (size_t i = 0; i < 2 * half; ++i) {
      uint64_t sum = 1;
      for (size_t t = 0; t < kHistogramTables; ++t) sum += tables[t * HistogramTableSize(bins) + i];
      CHECK(sums[i] == sum);
    }
  }
}
