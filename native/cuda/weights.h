// Weights of products on the GPU: packed once for one kernel and kept in memory of the device until they are destroyed.
// Products may be made on several threads at a time. All throw EngineError (driver.h), and ERR_WRONG_LENGTH for sizes
// that do not fit the kernels' integers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "cuda/driver.h"

namespace gossamer {

enum class CudaFormat {
  kDense,    // tensor cores from Ampere on, dp4a before
  kSparse,   // only what is not 0 is stored and multiplied, in any pattern
  kTwoFour,  // at most two of every four along k are not 0: sparse tensor cores from Ampere on, dp4a before
};

class CudaI8Weights {
 public:
  virtual ~CudaI8Weights() = default;
  // y[m, n] = sum_k x[m, k] * w[n, k], in the arithmetic of int32.
  void Multiply(const uint8_t* x, size_t m, int32_t* y) const;
  size_t N() const { return n_; }
  size_t K() const { return k_; }
  virtual size_t Bytes() const = 0;  // of the device

 protected:
  CudaI8Weights(size_t n, size_t k) : n_(n), k_(k) {}
  virtual void Run(const uint8_t* x, size_t m, const DeviceBuffer& y) const = 0;

 private:
  size_t n_, k_;
};

// w [n, k]. ERR_CUDA_PATTERN: kTwoFour, and more than two of four are not 0.
std::unique_ptr<CudaI8Weights> UploadI8(const int8_t* w, size_t n, size_t k, CudaFormat format);

// com.microsoft::MatMulNBits with 4 bits: codes [n, blocks, block_size / 2], scales [n, blocks], zeros
// [n, (blocks + 1) / 2] or null for 8. block_size even.
class CudaNbits4Weights {
 public:
  CudaNbits4Weights(const uint8_t* codes, const float* scales, const uint8_t* zeros, size_t n, size_t k,
                    size_t block_size);
  // y[m, n] = sum_k x[m, k] * (code[n, k] - zero[n, b]) * scale[n, b], summed in an order of the GPU's.
  void Multiply(const float* x, size_t m, float* y) const;
  size_t N() const { return n_; }
  size_t K() const { return k_; }
  size_t Bytes() const { return codes_.Bytes() + scales_.Bytes() + zeros_.Bytes(); }

 private:
  size_t n_, k_, block_size_;
  bool has_zeros_;
  DeviceBuffer codes_, scales_, zeros_;
};

}  // namespace gossamer
