// Packing of sparse float32 weights, and whether it pays.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/gemm_f32/gemm_f32.h"
#include "kernels/sparse_f32/sparse_f32.h"

namespace gossamer {

// Packed weights with the memory that they are in.
class PackedSparseF32 {
 public:
  explicit PackedSparseF32(const WeightSourceF32& source);
  const SparseWeightsF32& View() const { return view_; }
  size_t NonZeros() const { return values_.size(); }
  size_t Bytes() const;
  PackedSparseF32(const PackedSparseF32&) = delete;
  PackedSparseF32& operator=(const PackedSparseF32&) = delete;

 private:
  void PackPanel(const WeightSourceF32& source, size_t n0, size_t k0, size_t k1);

  std::vector<uint8_t> counts_, order_, places_;
  std::vector<size_t> starts_;
  std::vector<float> values_;
  SparseWeightsF32 view_;
};

// Whether the sparse kernel promises at least a tenth less time than the dense one for many rows, and why:
// "sparse: 80.1 % zeros, predicted 3.4x dense".
struct SparseF32Choice {
  bool sparse = false;
  double ratio = 0;  // predicted time of the dense kernel / of the sparse one
  std::string reason;
};
SparseF32Choice ChooseSparseF32(const WeightSourceF32& source);

}  // namespace gossamer
