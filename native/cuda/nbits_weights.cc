#include "cuda/launch_size.h"
#include "cuda/weights.h"

namespace gossamer {

CudaNbits4Weights::CudaNbits4Weights(const uint8_t* codes, const float* scales, const uint8_t* zeros, size_t n, size_t k,
                                     size_t block_size)
    : n_(n),
      k_(k),
      block_size_(block_size),
      has_zeros_(zeros != nullptr),
      codes_(codes, n * CudaBlocks(k, block_size) * block_size / 2),
      scales_(scales, n * CudaBlocks(k, block_size) * sizeof(float)),
      zeros_(zeros, zeros == nullptr ? 0 : n * ((CudaBlocks(k, block_size) + 1) / 2)) {}

void CudaNbits4Weights::Multiply(const float* x, size_t m, float* y) const {
  if (m == 0 || n_ == 0) return;
  constexpr size_t kWarps = 4, kRows = 4;  // of a block
  int m_count = CudaInt("m", m), n_count = CudaInt("n", n_), k_count = CudaInt("k", k_);
  int block_size = CudaInt("blockSize", block_size_);
  const DeviceBuffer x_device(x, m * k_ * sizeof(float)), y_device(m * n_ * sizeof(float));
  unsigned long long none = 0;
  void* zeros = has_zeros_ ? zeros_.Argument() : &none;
  void* arguments[] = {x_device.Argument(), codes_.Argument(), scales_.Argument(), zeros,      y_device.Argument(),
                       &m_count,            &n_count,          &k_count,           &block_size};
  LaunchCuda("GemmNbits4Cuda", {CudaBlocks(n_, kWarps), CudaBlocks(m, kRows), 1}, {32 * kWarps, 1, 1}, arguments);
  y_device.CopyTo(y);
}

}  // namespace gossamer
