// What the float32 operators with constant weights share: packed weights, tiles, and the inputs bias and residual.
#pragma once
#include "engine/buffer.h"
#include "engine/operator.h"
#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

// One matrix [k, n] a group, packed for GemmF32; the sources of the groups lie group_stride elements apart.
class FloatWeights {
 public:
  FloatWeights() = default;
  FloatWeights(const WeightSourceF32& source, size_t groups, size_t group_stride, float factor = 1);

  WeightsF32 Group(size_t group) const;
  size_t Bytes() const { return groups_ * PackedCountF32(k_, n_) * sizeof(float); }  // 0: none

 private:
  size_t k_ = 0, n_ = 0, groups_ = 0;
  Buffer packed_;
};

// A product split into row blocks and column blocks; by the sizes alone, never by the number of threads.
struct GemmTile {
  size_t m0, m1, n0, n1;
};
struct GemmTiles {
  size_t rows, columns, row_block, column_block;

  size_t Count() const;
  GemmTile At(size_t index) const;  // column blocks of one row block follow each other
};

// Tiles of about 50 microseconds whose activations, `row_floats` of them a row, and results stay in the cache of a core
// while the weights pass by.
GemmTiles PlanGemmF32(size_t rows, size_t columns, size_t k, size_t row_floats);

// Throws EngineError unless the operator has inputs x, w, bias?, residual? or the first `most` of them and one output,
// all float32.
void CheckFloatOperator(const char* type, const OperatorSpec& spec, size_t most);

// Inputs 2 and 3 as bias and residual of y, [..., columns]. The check throws where their sizes do not fit.
void CheckEpilogueF32(const char* type, const TensorList& inputs, size_t columns, const Dims& y);
FloatOutput EpilogueF32(const TensorList& inputs, const ActivationSpec& act, const Tensor& y, size_t columns);

}  // namespace gossamer
