// From the layout of com.microsoft::MatMulNBits to panels.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/gemm_nbits/gemm_nbits.h"

namespace gossamer {

// Weights as MatMulNBits stores them, blocks = ceil(k / block_size).
struct NbitsSource {
  size_t n, k, block_size;
  unsigned bits;
  const uint8_t* codes;  // [n][blocks][block_size * bits / 8], low bits first; codes past k are ignored
  const float* scales;   // [n][blocks]
  const uint8_t* packed_zeros;  // [n][ceil(blocks * bits / 8)], low bits first, or
  const float* float_zeros;     // [n][blocks]; both null: 1 << (bits - 1)
  const float* table;           // 1 << bits values instead of code - zero, or null; copied
};

// Owns packed weights. Scales are kept as float16 where every one of them is exactly one (GEMV waits for memory).
class PackedNbits {
 public:
  explicit PackedNbits(const NbitsSource& source);
  const NbitsWeights& Weights() const { return weights_; }
  size_t Bytes() const { return bytes_; }

 private:
  template <class T>
  T* Allocate(size_t count);

  struct Free {
    void operator()(uint8_t* memory) const;
  };
  using Memory = std::unique_ptr<uint8_t, Free>;
  Memory pieces_[4];
  size_t used_ = 0, bytes_ = 0;
  NbitsWeights weights_;
};

}  // namespace gossamer
