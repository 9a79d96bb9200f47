// Products with sparse int8 weights, exact in int32. y is [m_count, n_count].
#include "cuda/device.h"

constexpr int kSparseColumns = 128;  // threads of a block: as many rows of x
constexpr int kSparseTileN = 64, kSparseTileM = 32;  // of a block of 4 warps, one above another
constexpr int kSparseRow = 64 / 4 + 4;               // words of a staged row of x: 4 more, against bank conflicts
static_assert(kSparseTileN == 4 * 16, "one warp for 16 rows of w");

// Unstructured: the non-zeros of output n are columns[i], values[i] for starts[n] <= i < starts[n + 1]. x_transposed is
// [k_count, m_count] uint8, so that neighbouring threads read neighbouring bytes. Grid: (n, m / 128).
extern "C" __global__ void SparseI8CsrCuda(const unsigned char* __restrict__ x_transposed,
                                           const int* __restrict__ starts, const int* __restrict__ columns,
                                           const signed char* __restrict__ values, int* __restrict__ y, int m_count,
                                           int n_count) {
  const int m = blockIdx.y * kSparseColumns + threadIdx.x, n = blockIdx.x;
  if (m >= m_count) return;
  int sum = 0;
  for (int i = starts[n]; i < starts[n + 1]; ++i) {
    sum += (int)values[i] * (int)x_transposed[(size_t)columns[i] * m_count + m];
  }
  y[(size_t)m * n_count + n] = sum;
}

// 2:4: of every four weights of a row at most two are not zero. values[n, k / 8] holds four of them (for two groups of
// four k), selectors[n, k / 8] four positions of 4 bits among those eight k, the lowest bits first; unused ones have value
// 0. x is [m_count, k_count] uint8, k_count a multiple of 8. Grid: (n, m / 128).
extern "C" __global__ void SparseI8TwoFourCuda(const unsigned* __restrict__ x,
                                               const unsigned short* __restrict__ selectors,
                                               const int* __restrict__ values, int* __restrict__ y, int m_count,
                                               int n_count, int k_count) {
  const int m = blockIdx.y * kSparseColumns + threadIdx.x, n = blockIdx.x, steps = k_count / 8;
  if (m >= m_count) return;
  const unsigned* row = x + (size_t)m * steps * 2;
  int sum = 0;
  for (int i = 0; i < steps; ++i) {
    const unsigned picked = __byte_perm(row[2 * i], row[2 * i + 1], selectors[(size_t)n * steps + i]);
    sum = Dp4aU8S8(picked, values[(size_t)n * steps + i], sum);
  }
  y[(size_t)m * n_count + n] = sum;
}

// The same on sparse tensor cores, Ampere and later: w is the sparse factor, so y comes out transposed in a tile.
// values and places are fragments (cuda/two_four.h), [n_count / 16 rounded up, k_count / 64, 32 lanes]; x is [m_count,
// k_count] uint8, k_count a multiple of 64. Grid: (n / 64, m / 32), blocks of 128 threads.
extern "C" __global__ void SparseI8TwoFourMmaCuda(const unsigned* __restrict__ x, const unsigned* __restrict__ values,
                                                  const unsigned* __restrict__ places, int* __restrict__ y,
                                                  int m_count, int n_count, int k_count) {
  __shared__ unsigned x_tile[kSparseTileM][kSparseRow];
  const int thread = threadIdx.x, lane = thread % 32, group = lane / 4, in_group = lane % 4;
  const int m0 = blockIdx.y * kSparseTileM, n0 = blockIdx.x * kSparseTileN + thread / 32 * 16;
  const int steps = k_count / 64;
  const bool has_rows = n0 < n_count;  // of this warp, which otherwise only helps to stage
  int d[kSparseTileM / 8][4];
  for (int j = 0; j < kSparseTileM / 8; ++j) d[j][0] = d[j][1] = d[j][2] = d[j][3] = 0;
  for (int step = 0; step < steps; ++step) {
    for (int i = thread; i < kSparseTileM * 16; i += 128) {
      const int row = i / 16, column = i % 16;
      x_tile[row][column] = m0 + row < m_count ? x[((size_t)(m0 + row) * steps + step) * 16 + column] : 0u;
    }
    __syncthreads();
    if (has_rows) {
      const size_t fragment = ((size_t)(n0 / 16) * steps + step) * 32 + lane;
      const unsigned a[4] = {values[fragment * 4], values[fragment * 4 + 1], values[fragment * 4 + 2],
                             values[fragment * 4 + 3]};
      for (int j = 0; j < kSparseTileM / 8; ++j) {
        const unsigned* row = x_tile[j * 8 + group];
        const unsigned b[4] = {row[in_group], row[in_group + 4], row[in_group + 8], row[in_group + 12]};
        SparseMmaS8U8(d[j], a, b, places[fragment]);
      }
    }
    __syncthreads();
  }
  for (int j = 0; j < kSparseTileM / 8; ++j) {
    for (int i = 0; i < 4; ++i) {
      const int n = n0 + group + (i >= 2 ? 8 : 0), m = m0 + j * 8 + in_group * 2 + i % 2;
      if (m < m_count && n < n_count) y[(size_t)m * n_count + n] = d[j][i];
    }
  }
}
