// y[m, n] = sum_k x[m, k] * (code[n, k] - zero[n, b]) * scale[n, b], 4-bit codes as com.microsoft::MatMulNBits stores
// them: codes [n, blocks, block_size / 2] low nibble first, scales [n, blocks], zeros [n, (blocks + 1) / 2] packed the
// same way or null for 8. block_size a multiple of 32; x has k_count columns, those beyond do not count.
#include "cuda/device.h"

constexpr int kNbitsRows = 4;  // rows of x that one warp multiplies at a time

// One warp for one n and kNbitsRows rows of x: lanes share the columns of a block. Grid: (n / warps of a block, m / 4).
extern "C" __global__ void GemmNbits4Cuda(const float* __restrict__ x, const unsigned char* __restrict__ codes,
                                          const float* __restrict__ scales, const unsigned char* __restrict__ zeros,
                                          float* __restrict__ y, int m_count, int n_count, int k_count,
                                          int block_size) {
  const int lane = threadIdx.x % 32, n = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
  const int m0 = blockIdx.y * kNbitsRows, blocks = (k_count + block_size - 1) / block_size;
  float sums[kNbitsRows] = {0, 0, 0, 0};
  if (n < n_count) {
    for (int b = 0; b < blocks; ++b) {
      const size_t block = (size_t)n * blocks + b;
      const int packed = zeros == nullptr ? 0x88 : zeros[(size_t)n * ((blocks + 1) / 2) + b / 2];
      const int zero = b % 2 == 0 ? packed & 15 : packed >> 4;
      const float scale = scales[block];
      for (int i = lane; i < block_size; i += 32) {
        const int k = b * block_size + i;
        if (k >= k_count) break;
        const int byte = codes[block * (block_size / 2) + i / 2];
        const float w = (float)((i % 2 == 0 ? byte & 15 : byte >> 4) - zero) * scale;
        for (int r = 0; r < kNbitsRows; ++r) {
          if (m0 + r < m_count) sums[r] += w * x[(size_t)(m0 + r) * k_count + k];
        }
      }
    }
  }
  for (int r = 0; r < kNbitsRows; ++r) {
    for (int other = 16; other > 0; other /= 2) sums[r] += __shfl_xor_sync(0xffffffffu, sums[r], other);
    if (lane == 0 && n < n_count && m0 + r < m_count) y[(size_t)(m0 + r) * n_count + n] = sums[r];
  }
}
