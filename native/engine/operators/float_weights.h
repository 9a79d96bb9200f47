// What the float32 operators with weights share: packed weights, tiles, and the inputs bias and residual.
#pragma once
#include "engine/buffer.h"
#include "engine/operator.h"
#include "kernels/gemm_f32/gemm_f32.h"

namespace gossamer {

struct GemmTile {
  size_t m0, m1, n0, n1;
};

// Whether attribute `precision` is 'bf16' (default 'float32') and the CPU gains by it: factors are then rounded to
// bfloat16, where pieces have an even length. Throws EngineError (ERR_ENGINE_PROGRAM).
bool WantsBf16(const Attributes& attributes, size_t piece);

// One matrix [k, n] a group, packed for GemmF32, or rounded for GemmBf16; the sources of the groups lie group_stride
// elements apart.
class FloatWeights {
 public:
  FloatWeights() = default;
  FloatWeights(const WeightSourceF32& source, size_t groups, size_t group_stride, float factor = 1, bool bf16 = false);
  // Those of a convolution in float32, packed now; in a run on its threads and into its scratch memory, valid as long
  // as that.
  FloatWeights(const TapSourceF32& source, size_t groups, size_t group_stride, RunContext* run);

  size_t K() const { return k_; }
  size_t Bytes() const;  // 0: none
  bool IsBf16() const { return bf16_; }

  // The first `count` activations as Multiply reads them: themselves, or rounded to bfloat16 in scratch memory.
  const void* Prepare(const float* x, size_t count, RunContext& context) const;
  // GemmF32, or GemmBf16, of prepared activations from element `offset` on.
  void Multiply(size_t group, const void* x, size_t offset, const ActivationRows& rows, const GemmTile& tile,
                const FloatOutput& output) const;

 private:
  size_t k_ = 0, n_ = 0, groups_ = 0;
  bool bf16_ = false;
  Buffer packed_;
  const void* data_ = nullptr;  // packed_, or scratch memory of a run
};

// A product split into row blocks and column blocks; by the sizes alone, never by the number of threads.
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
