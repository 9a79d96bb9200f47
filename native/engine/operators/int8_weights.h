// Weights of a layer in 8-bit integers, in the form that a kernel wants them: the one place where Int8Linear and
// Int8Conv choose a kernel.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/operator.h"
#include "kernels/linear.h"

namespace gossamer {

// w[n][t][k], back to back: output n, piece t of the row, place k in the piece (ActivationRows). Weights whose zero
// point is not 0 are stored as they are: what they stand for is w - weight_zero[n] (Int8Output).
struct PlainWeightsI8 {
  const int8_t* data;
  size_t outputs, taps, piece;
};

// Packed weights. Run may be called by several threads at the same time.
class PackedInt8 {
 public:
  virtual ~PackedInt8() = default;

  // Outputs come in groups: group g begins at output g * GroupOutputs().
  virtual size_t GroupOutputs() const = 0;
  // Computes the outputs of groups group_begin .. group_end - 1 of rows row_begin .. row_end - 1, as GemmI8
  // (kernels/gemm_i8/gemm_i8.h) does for panels; what may be read there, may be read here.
  virtual void Run(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end, size_t group_begin,
                   size_t group_end, const Int8Output& output) const = 0;
  // Whether Run, here, reads no byte behind a piece.
  virtual bool ReadsOnlyElements() const { return false; }
  virtual size_t Bytes() const = 0;
  // The format, and why it: "dense panels: 12 % of the weights are zeros".
  virtual std::string Note() const = 0;
};

// Attribute `sparse` of a linear layer: "auto" (a sparse format where the cost model says that it pays), "dense" or
// "sparse" (one of them, whatever the model says).
enum class SparseMode : uint8_t { kAuto, kDense, kSparse };
SparseMode SparseModeOf(const Attributes& attributes);

// The form that is fastest for these weights on this CPU. Copies them.
std::unique_ptr<PackedInt8> PackInt8(const PlainWeightsI8& weights, SparseMode mode);

}  // namespace gossamer
