// Float32 products of activations and weights that are mostly zeros, y = FloatOutput(x * w'), beside the dense GemmF32:
// the same rows of activations, the same outputs.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

constexpr size_t kSparseBlockF32 = 96;  // k's whose activations, of 64 rows, stay in a first-level cache
constexpr size_t kSparsePanelF32 = 64;  // outputs that are put in order together

// Packed weights: a view. k runs over the row, piece after piece, in blocks of kSparseBlockF32. The non-zeros lie block
// by block, in a block panel by panel, in a panel by outputs that have more and more of them, so that a loop over them
// runs as often as the one before; of an output in the order of k.
struct SparseWeightsF32 {
  size_t outputs, depth;  // depth: k's
  const uint8_t* counts;  // [block][panel][64]: non-zeros of an output, in that order; 0 where there is none
  const uint8_t* order;   // the same: which output of the panel
  const size_t* starts;   // [block][panel]: the number of the first non-zero
  const uint8_t* places;  // [non-zero]: k in its block
  const float* values;    // [non-zero]

  size_t Blocks() const { return (depth + kSparseBlockF32 - 1) / kSparseBlockF32; }
  size_t Panels() const { return (outputs + kSparsePanelF32 - 1) / kSparsePanelF32; }
};

// Bytes of scratch memory that a call needs, aligned to 64: the activations of a block, and sums, turned.
constexpr size_t kSparseScratchOutputs = 1024, kSparseScratchRows = 64;
constexpr size_t kSparseScratchBytesF32 =
    (kSparseBlockF32 + kSparseScratchOutputs) * kSparseScratchRows * sizeof(float);

// y[m, n] = act(sum + bias[n] + residual[m, n]) for m0 <= m < m1, n0 <= n < n1; n0 a multiple of 64, n1 too or the
// number of outputs. rows.taps * rows.piece == weights.depth. In each block the sum goes on in two chains of fused
// multiply-adds, of its non-zeros with even and with odd numbers, the first from the sum so far, the second from 0, and
// then adds them: the same bits on every instruction set, however m and n are split. A zero weight counts for nothing,
// also where the activation is infinite or NaN. Reads exactly `piece` floats of a piece.
using SparseF32Fn = void(const float* x, const ActivationRows& rows, size_t m0, size_t m1,
                         const SparseWeightsF32& weights, size_t n0, size_t n1, const FloatOutput& output,
                         void* scratch);

SparseF32Fn SparseF32Scalar, SparseF32Avx2, SparseF32Avx512, SparseF32Neon;

VariantList<SparseF32Fn> SparseF32Variants();
SparseF32Fn& SparseF32();  // best one for this CPU

}  // namespace gossamer
