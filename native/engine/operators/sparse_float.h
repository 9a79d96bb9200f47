// Float32 weights in the sparse format, for Linear and ConvNhwc, beside FloatWeights.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/operators/float_weights.h"
#include "engine/operators/int8_weights.h"
#include "kernels/sparse_f32/pack.h"

namespace gossamer {

class SparseFloat {
 public:
  SparseFloat() = default;
  // Packs the groups, group_stride elements apart, when `mode` wants it or the cost model says that it pays.
  SparseFloat(const WeightSourceF32& source, size_t groups, size_t group_stride, SparseMode mode);

  bool Chosen() const { return !groups_.empty(); }
  // Fewer rows than this the dense kernel computes faster; 0 where the sparse one was asked for.
  size_t LeastRows() const { return least_rows_; }
  GemmTiles Tiles(size_t rows, size_t columns) const;
  void Run(size_t group, const float* x, const ActivationRows& rows, const GemmTile& tile,
           const FloatOutput& output) const;
  size_t Bytes() const;
  const std::string& Note() const { return note_; }  // also why not

 private:
  std::vector<std::unique_ptr<PackedSparseF32>> groups_;
  size_t least_rows_ = 0;
  double non_zeros_of_output_ = 0;
  std::string note_;
};

}  // namespace gossamer
