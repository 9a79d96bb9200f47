// y[m, n] = sum_k x[m, k] * w[n, k], exact in int32: x [m_count, k_count] uint8, w [n_count, k_count] int8, both row-major
// with rows of k_count bytes, a multiple of 4 and aligned to 4.
#include "cuda/device.h"

constexpr int kDp4aTile = 16;
constexpr int kMmaTileM = 64, kMmaTileN = 32, kMmaTileK = 64;  // of a block of 4 warps, one above another
constexpr int kMmaRow = kMmaTileK / 4 + 4;                      // words of a staged row: 4 more, against bank conflicts
static_assert(kMmaTileM == 4 * 16, "one warp for 16 rows");

// Any GPU since Pascal. Blocks of 16 x 16 threads, one for 16 x 16 outputs.
extern "C" __global__ void GemmI8Dp4aCuda(const unsigned* __restrict__ x, const int* __restrict__ w,
                                          int* __restrict__ y, int m_count, int n_count, int k_count) {
  __shared__ unsigned x_tile[kDp4aTile][kDp4aTile + 1];
  __shared__ int w_tile[kDp4aTile][kDp4aTile + 1];
  const int tx = threadIdx.x, ty = threadIdx.y;
  const int m = blockIdx.y * kDp4aTile + ty, n = blockIdx.x * kDp4aTile + tx, w_row = blockIdx.x * kDp4aTile + ty;
  const int words = k_count / 4;
  int sum = 0;
  for (int k = 0; k < words; k += kDp4aTile) {
    x_tile[ty][tx] = m < m_count && k + tx < words ? x[(size_t)m * words + k + tx] : 0u;
    w_tile[ty][tx] = w_row < n_count && k + tx < words ? w[(size_t)w_row * words + k + tx] : 0;
    __syncthreads();
    for (int i = 0; i < kDp4aTile; ++i) sum = Dp4aU8S8(x_tile[ty][i], w_tile[tx][i], sum);
    __syncthreads();
  }
  if (m < m_count && n < n_count) y[(size_t)m * n_count + n] = sum;
}

// Tensor cores, Ampere and later. Blocks of 128 threads, one for 64 x 32 outputs; both tiles are staged in shared memory.
extern "C" __global__ void GemmI8MmaCuda(const unsigned* __restrict__ x, const int* __restrict__ w, int* __restrict__ y,
                                         int m_count, int n_count, int k_count) {
  __shared__ unsigned x_tile[kMmaTileM][kMmaRow];
  __shared__ unsigned w_tile[kMmaTileN][kMmaRow];
  const int thread = threadIdx.x, lane = thread % 32, warp = thread / 32;
  const int group = lane / 4, in_group = lane % 4;
  const int m0 = blockIdx.y * kMmaTileM, n0 = blockIdx.x * kMmaTileN, words = k_count / 4;
  int d[kMmaTileN / 8][4];
  for (int j = 0; j < kMmaTileN / 8; ++j) d[j][0] = d[j][1] = d[j][2] = d[j][3] = 0;
  for (int k = 0; k < words; k += kMmaTileK / 4) {
    for (int i = thread; i < kMmaTileM * (kMmaTileK / 4); i += 128) {
      const int row = i / (kMmaTileK / 4), column = i % (kMmaTileK / 4);
      const bool is_inside = m0 + row < m_count && k + column < words;
      x_tile[row][column] = is_inside ? x[(size_t)(m0 + row) * words + k + column] : 0u;
    }
    for (int i = thread; i < kMmaTileN * (kMmaTileK / 4); i += 128) {
      const int row = i / (kMmaTileK / 4), column = i % (kMmaTileK / 4);
      const bool is_inside = n0 + row < n_count && k + column < words;
      w_tile[row][column] = is_inside ? (unsigned)w[(size_t)(n0 + row) * words + k + column] : 0u;
    }
    __syncthreads();
    for (int step = 0; step < kMmaTileK / 4; step += 8) {  // 32 bytes of k
      const unsigned a[4] = {x_tile[warp * 16 + group][step + in_group], x_tile[warp * 16 + group + 8][step + in_group],
                             x_tile[warp * 16 + group][step + in_group + 4],
                             x_tile[warp * 16 + group + 8][step + in_group + 4]};
      for (int j = 0; j < kMmaTileN / 8; ++j) {
        const unsigned b[2] = {w_tile[j * 8 + group][step + in_group], w_tile[j * 8 + group][step + in_group + 4]};
        MmaU8S8(d[j], a, b);
      }
    }
    __syncthreads();
  }
  const int row = m0 + warp * 16 + group;
  for (int j = 0; j < kMmaTileN / 8; ++j) {
    for (int i = 0; i < 4; ++i) {
      const int m = row + (i >= 2 ? 8 : 0), n = n0 + j * 8 + in_group * 2 + i % 2;
      if (m < m_count && n < n_count) y[(size_t)m * n_count + n] = d[j][i];
    }
  }
}
