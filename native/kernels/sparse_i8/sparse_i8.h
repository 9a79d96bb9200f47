// Products of unsigned 8-bit activations and sparse signed 8-bit weights, y = Int8Output(x * w'), from packed weights
// (pack.h). Beside the dense GemmI8: the same rows of activations, the same outputs, the same panels.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/linear.h"

namespace gossamer {

constexpr size_t kSparseWindow = 64;  // k's that one table lookup chooses from
constexpr size_t kSparseGroup = 16;   // outputs computed together: the int32 lanes of 64 bytes
constexpr size_t kSparsePanel = 64;   // outputs finished together: one line of uint8 results
constexpr size_t kSparseLeastGathered = 16, kSparseNearBytes = 512 << 10;
constexpr size_t kSparseRoundBytes = 128, kSparseTileBytes = 256;

// kRounds: for any pattern. Each group of 16 outputs has steps: a window of 64 k's that begins at any k of a piece, and
// R rounds of up to four non-zeros of each output in that window: 64 bytes of indices into it, then 64 bytes of values,
// byte 4 * lane + j for the j-th of the four. What an output lacks is index 0, value 0. Windows may overlap, and
// outputs need not be in step: one with many non-zeros takes more of its own in the rounds that others leave empty.
// kBlocks: for weights whose zeros come in blocks. Each panel of 64 outputs has a step for each 4 k's at which anything
// is not zero: 256 bytes of values, byte 4 * i + j for output i and k + j; rounds is 1.
enum class SparseFormat : uint8_t { kRounds, kBlocks };

struct SparseStep {
  uint32_t k, rounds;
};

// Packed weights: a view. A unit is a group (kRounds) or a panel (kBlocks).
struct SparseI8Weights {
  SparseFormat format;
  // The pieces of a row are put back to back before the product: k runs over the row, as one piece. Else it runs over
  // each of the pieces.
  bool gathered;
  size_t outputs, taps, piece;
  const SparseStep* steps;
  const size_t* first_step;  // [unit][piece as k sees it]; one more at the end
  const int8_t* data;        // aligned to 64 bytes, in the order of the steps
  const size_t* starts;      // [unit]: byte of data at which it starts; one more: where data ends
  // [panel][64]: where among the 64 sums of its panel the output with that number is; null: at its own number. Group g
  // of a panel is at sums 16 g .. 16 g + 15.
  const uint8_t* slots;

  size_t Pieces() const { return gathered ? 1 : taps; }
  size_t Groups() const { return (outputs + kSparseGroup - 1) / kSparseGroup; }
  size_t Panels() const { return (outputs + kSparsePanel - 1) / kSparsePanel; }
  size_t Units() const { return format == SparseFormat::kBlocks ? Panels() : Groups(); }
  // Of a panel, or the end of the data.
  const int8_t* PanelData(size_t panel) const {
    const size_t unit = format == SparseFormat::kBlocks ? panel : panel * (kSparsePanel / kSparseGroup);
    return data + starts[unit < Units() ? unit : Units()];
  }
  size_t GatheredBytes() const { return (taps * piece + 63) / 64 * 64; }  // of one row
  // Rows that are put together at a time: a tile, which then is in the first cache, or, where each tile would read more
  // weights than the second one holds, as many as fill a quarter of it.
  size_t GatheredRows() const {
    const size_t many = starts[Units()] <= kSparseNearBytes ? 0 : kSparseNearBytes / 2 / GatheredBytes();
    return many < kSparseLeastGathered ? kSparseLeastGathered : many;
  }
};

// Bytes of scratch memory that a call needs, aligned to 64; 0: none, null will do.
inline size_t SparseI8ScratchBytes(const SparseI8Weights& w) {
  return w.gathered ? w.GatheredRows() * w.GatheredBytes() + kSparseWindow : 0;
}

// Rows row_begin .. row_end - 1 of y and, of each, the outputs of panels panel_begin .. panel_end - 1. The pieces of
// `rows` are as many and as long as those of the weights. What GemmI8Fn (gemm_i8.h) says of the arrays of `output`
// holds here too. Bit-exact across variants.
using SparseI8Fn = void(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                        const SparseI8Weights& weights, size_t panel_begin, size_t panel_end, const Int8Output& output,
                        uint8_t* scratch);

SparseI8Fn SparseI8Scalar, SparseI8Avx512Vbmi, SparseI8NeonDotprod, SparseI8NeonI8mm;

VariantList<SparseI8Fn> SparseI8Variants();
SparseI8Fn& SparseI8();  // best one for this CPU

}  // namespace gossamer
