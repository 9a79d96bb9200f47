// Products with sparse int8 weights, exact in int32. y is [m_count, n_count].
#include "cuda/device.h"

constexpr int kSparseColumns = 128;  // threads of a block: as many rows of x

// Unstructured: the non-zeros of output n are columns[i], values[i] for starts[n] <= i < starts[n + 1]. x_transposed is
// [k_count, m_count] uint8, so that neighbouring threads read neighbouring bytes. Grid: (m / 128, n).
extern "C" __global__ void SparseI8CsrCuda(const unsigned char* __restrict__ x_transposed,
                                           const int* __restrict__ starts, const int* __restrict__ columns,
                                           const signed char* __restrict__ values, int* __restrict__ y, int m_count,
                                           int n_count) {
  const int m = blockIdx.x * kSparseColumns + threadIdx.x, n = blockIdx.y;
  if (m >= m_count) return;
  int sum = 0;
  for (int i = starts[n]; i < starts[n + 1]; ++i) {
    sum += (int)values[i] * (int)x_transposed[(size_t)columns[i] * m_count + m];
  }
  y[(size_t)m * n_count + n] = sum;
}

// 2:4: of every four weights of a row at most two are not zero. values[n, k / 8] holds four of them (for two groups of
// four k), selectors[n, k / 8] four positions of 4 bits among those eight k, the lowest bits first; unused ones have value
// 0. x is [m_count, k_count] uint8, k_count a multiple of 8. Grid: (m / 128, n).
extern "C" __global__ void SparseI8TwoFourCuda(const unsigned* __restrict__ x,
                                               const unsigned short* __restrict__ selectors,
                                               const int* __restrict__ values, int* __restrict__ y, int m_count,
                                               int n_count, int k_count) {
  const int m = blockIdx.x * kSparseColumns + threadIdx.x, n = blockIdx.y, steps = k_count / 8;
  if (m >= m_count) return;
  const unsigned* row = x + (size_t)m * steps * 2;
  int sum = 0;
  for (int i = 0; i < steps; ++i) {
    const unsigned picked = __byte_perm(row[2 * i], row[2 * i + 1], selectors[(size_t)n * steps + i]);
    sum = Dp4aU8S8(picked, values[(size_t)n * steps + i], sum);
  }
  y[(size_t)m * n_count + n] = sum;
}
