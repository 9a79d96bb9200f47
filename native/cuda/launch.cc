#include "cuda/launch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "cuda/driver.h"
#include "engine/tensor.h"

namespace gossamer {
namespace {

constexpr unsigned kMaxStridingBlocks = 1024, kStridingThreads = 256;  // of kernels whose threads stride over an array
constexpr int kFirstWithMma = 80;                                    // compute capability of Ampere

unsigned Blocks(size_t count, size_t per_block) { return static_cast<unsigned>((count + per_block - 1) / per_block); }

unsigned StridingBlocks(size_t count) {
  return static_cast<unsigned>(std::min<size_t>(kMaxStridingBlocks, (count + kStridingThreads - 1) / kStridingThreads));
}

int Int(const char* what, size_t value) {
  if (value <= 0x7fffffffu) return static_cast<int>(value);
  throw EngineError{"ERR_CUDA", std::string(what) + ": expected less than 2^31, received " + std::to_string(value)};
}

// Rows of `k` bytes, each padded with zeros to `padded`.
std::vector<uint8_t> PadRows(const void* data, size_t rows, size_t k, size_t padded) {
  std::vector<uint8_t> result(rows * padded);
  for (size_t r = 0; r < rows; ++r) {
    if (k != 0) std::memcpy(&result[r * padded], static_cast<const uint8_t*>(data) + r * k, k);
  }
  return result;
}

}  // namespace

void CudaGemmI8(const uint8_t* x, const int8_t* w, int32_t* y, size_t m, size_t n, size_t k) {
  if (m == 0 || n == 0) return;
  const size_t padded = (k + 3) / 4 * 4;
  const std::vector<uint8_t> x_rows = PadRows(x, m, k, padded), w_rows = PadRows(w, n, k, padded);
  DeviceBuffer x_device(x_rows.data(), x_rows.size()), w_device(w_rows.data(), w_rows.size()), y_device(m * n * 4);
  int m_count = Int("m", m), n_count = Int("n", n), k_count = Int("k", padded);
  void* arguments[] = {x_device.Argument(), w_device.Argument(), y_device.Argument(), &m_count, &n_count, &k_count};
  if (Cuda().compute_capability >= kFirstWithMma) {
    LaunchCuda("GemmI8MmaCuda", {Blocks(n, 32), Blocks(m, 64), 1}, {128, 1, 1}, arguments);
  } else {
    LaunchCuda("GemmI8Dp4aCuda", {Blocks(n, 16), Blocks(m, 16), 1}, {16, 16, 1}, arguments);
  }
  y_device.CopyTo(y);
}

void CudaSparseI8(const uint8_t* x, const int8_t* w, int32_t* y, size_t m, size_t n, size_t k) {
  if (m == 0 || n == 0) return;
  std::vector<int32_t> starts{0}, columns;
  std::vector<int8_t> values;
  for (size_t row = 0; row < n; ++row) {
    for (size_t i = 0; i < k; ++i) {
      if (w[row * k + i] == 0) continue;
      columns.push_back(Int("k", i));
      values.push_back(w[row * k + i]);
    }
    starts.push_back(Int("non-zeros", values.size()));
  }
  std::vector<uint8_t> transposed(m * k);
  for (size_t row = 0; row < m; ++row) {
    for (size_t i = 0; i < k; ++i) transposed[i * m + row] = x[row * k + i];
  }
  DeviceBuffer x_device(transposed.data(), transposed.size()), starts_device(starts.data(), starts.size() * 4);
  DeviceBuffer columns_device(columns.data(), columns.size() * 4), values_device(values.data(), values.size());
  DeviceBuffer y_device(m * n * 4);
  int m_count = Int("m", m), n_count = Int("n", n);
  void* arguments[] = {x_device.Argument(),      starts_device.Argument(), columns_device.Argument(),
                       values_device.Argument(), y_device.Argument(),      &m_count, &n_count};
  LaunchCuda("SparseI8CsrCuda", {Blocks(m, 128), static_cast<unsigned>(n), 1}, {128, 1, 1}, arguments);
  y_device.CopyTo(y);
}

void CudaTwoFourI8(const uint8_t* x, const int8_t* w, int32_t* y, size_t m, size_t n, size_t k) {
  if (m == 0 || n == 0) return;
  const size_t steps = (k + 7) / 8;
  std::vector<uint16_t> selectors(n * steps);
  std::vector<int8_t> values(n * steps * 4);
  for (size_t row = 0; row < n; ++row) {
    for (size_t group = 0; group < (k + 3) / 4; ++group) {
      size_t kept = 0;
      for (size_t i = group * 4; i < k && i < group * 4 + 4; ++i) {
        if (w[row * k + i] == 0) continue;
        if (kept == 2) {
          throw EngineError{"ERR_CUDA_PATTERN", "w: expected at most two of every four along k that are not zero, received "
                                                "more in row " + std::to_string(row)};
        }
        const size_t slot = group % 2 * 2 + kept++;
        values[(row * steps + group / 2) * 4 + slot] = w[row * k + i];
        selectors[row * steps + group / 2] |= static_cast<uint16_t>((i % 8) << (4 * slot));
      }
    }
  }
  const std::vector<uint8_t> x_rows = PadRows(x, m, k, steps * 8);
  DeviceBuffer x_device(x_rows.data(), x_rows.size()), selectors_device(selectors.data(), selectors.size() * 2);
  DeviceBuffer values_device(values.data(), values.size()), y_device(m * n * 4);
  int m_count = Int("m", m), n_count = Int("n", n), k_count = Int("k", steps * 8);
  void* arguments[] = {x_device.Argument(), selectors_device.Argument(), values_device.Argument(),
                       y_device.Argument(), &m_count, &n_count, &k_count};
  LaunchCuda("SparseI8TwoFourCuda", {Blocks(m, 128), static_cast<unsigned>(n), 1}, {128, 1, 1}, arguments);
  y_device.CopyTo(y);
}

void CudaGemmNbits4(const float* x, const uint8_t* codes, const float* scales, const uint8_t* zeros, float* y, size_t m,
                    size_t n, size_t k, size_t block_size) {
  if (m == 0 || n == 0) return;
  const size_t blocks = (k + block_size - 1) / block_size;
  DeviceBuffer x_device(x, m * k * 4), codes_device(codes, n * blocks * block_size / 2);
  DeviceBuffer scales_device(scales, n * blocks * 4), zeros_device(zeros, zeros == nullptr ? 0 : n * ((blocks + 1) / 2));
  DeviceBuffer y_device(m * n * 4);
  unsigned long long none = 0;
  int m_count = Int("m", m), n_count = Int("n", n), k_count = Int("k", k), size = Int("block_size", block_size);
  void* arguments[] = {x_device.Argument(),      codes_device.Argument(),
                       scales_device.Argument(), zeros == nullptr ? &none : zeros_device.Argument(),
                       y_device.Argument(),      &m_count, &n_count, &k_count, &size};
  LaunchCuda("GemmNbits4Cuda", {Blocks(n, 4), Blocks(m, 4), 1}, {128, 1, 1}, arguments);
  y_device.CopyTo(y);
}

void CudaQuantize(const float* x, const CudaAffine& affine, int32_t min, int32_t max, uint8_t* q) {
  unsigned long long count = affine.outer * affine.axis * affine.inner, inner = affine.inner;
  if (count == 0) return;
  DeviceBuffer x_device(x, count * 4), q_device(count), scale_device(affine.scale, affine.axis * 4);
  DeviceBuffer zero_device(affine.zero_point, affine.axis * 4);
  int axis = Int("axis", affine.axis);
  void* arguments[] = {x_device.Argument(),    &count, &axis, &inner, scale_device.Argument(), zero_device.Argument(),
                       &min, &max, q_device.Argument()};
  LaunchCuda("QuantizeAffineCuda", {StridingBlocks(count), 1, 1}, {kStridingThreads, 1, 1}, arguments);
  q_device.CopyTo(q);
}

void CudaDequantize(const uint8_t* q, const CudaAffine& affine, bool is_signed, float* x) {
  unsigned long long count = affine.outer * affine.axis * affine.inner, inner = affine.inner;
  if (count == 0) return;
  DeviceBuffer q_device(q, count), x_device(count * 4), scale_device(affine.scale, affine.axis * 4);
  DeviceBuffer zero_device(affine.zero_point, affine.axis * 4);
  int axis = Int("axis", affine.axis), sign = is_signed ? 1 : 0;
  void* arguments[] = {q_device.Argument(), &count, &axis, &inner, &sign, scale_device.Argument(),
                       zero_device.Argument(), x_device.Argument()};
  LaunchCuda("DequantizeAffineCuda", {StridingBlocks(count), 1, 1}, {kStridingThreads, 1, 1}, arguments);
  x_device.CopyTo(x);
}

void CudaCountBins(const float* x, size_t count, int32_t exponent, uint32_t half, uint64_t* counts,
                   uint64_t* zero_count) {
  if (count == 0) return;
  DeviceBuffer x_device(x, count * 4), counts_device(counts, size_t{2} * half * 8), zeros_device(zero_count, 8);
  unsigned long long total = count;
  float inverse_width = std::ldexp(1.0f, -exponent);
  void* arguments[] = {x_device.Argument(),      &total, &inverse_width, &half,
                       counts_device.Argument(), zeros_device.Argument()};
  LaunchCuda("CountBinsCuda", {StridingBlocks(count), 1, 1}, {kStridingThreads, 1, 1}, arguments);
  counts_device.CopyTo(counts);
  zeros_device.CopyTo(zero_count);
}

}  // namespace gossamer
