#include "kernels/simd/scalar.h"

#include "kernels/simd/activation.h"
#include "kernels/simd/int8_scalar.h"
#include "kernels/sparse_i8/sparse_i8.h"

namespace gossamer {
namespace {

// Row m's sums of a panel. int32 that wraps: computed as uint32.
struct PanelSums {
  const SparseI8Weights& w;
  const ActivationRows& rows;
  const uint8_t* x;
  size_t m;
  uint32_t sums[kSparsePanel] = {};

  // Adds what a value meets at place k of a piece, as the packed weights see pieces.
  void Add(size_t output, size_t piece, size_t k, int8_t value) {
    if (value == 0) return;  // also where k is behind the end
    const size_t tap = w.gathered ? k / w.piece : piece;
    const uint8_t activation = x[PieceOffset(rows, tap, m) + (w.gathered ? k % w.piece : k)];
    sums[output] += static_cast<uint32_t>(static_cast<int32_t>(activation) * value);
  }

  // Unit `unit`, whose first output is the panel's `first`.
  void AddUnit(size_t unit, size_t first) {
    const int8_t* data = w.data + w.starts[unit];
    for (size_t t = 0; t < w.Pieces(); ++t) {
      const size_t* steps = w.first_step + unit * w.Pieces() + t;
      for (size_t s = steps[0]; s < steps[1]; ++s) {
        const size_t k = w.steps[s].k;
        if (w.format == SparseFormat::kBlocks) {
          for (size_t i = 0; i < kSparseTileBytes; ++i) Add(first + i / 4, t, k + i % 4, data[i]);
          data += kSparseTileBytes;
          continue;
        }
        for (size_t q = 0; q < w.steps[s].rounds; ++q, data += kSparseRoundBytes) {
          for (size_t i = 0; i < 64; ++i) Add(first + i / 4, t, k + static_cast<uint8_t>(data[i]), data[64 + i]);
        }
      }
    }
  }
};

}  // namespace

void SparseI8Scalar(const uint8_t* x, const ActivationRows& rows, size_t row_begin, size_t row_end,
                    const SparseI8Weights& weights, size_t panel_begin, size_t panel_end, const Int8Output& output,
                    uint8_t*) {
  const size_t per_panel = kSparsePanel / kSparseGroup;
  for (size_t m = row_begin; m < row_end; ++m) {
    for (size_t panel = panel_begin; panel < panel_end; ++panel) {
      PanelSums p{weights, rows, x, m};
      if (weights.format == SparseFormat::kBlocks) {
        p.AddUnit(panel, 0);
      } else {
        for (size_t g = panel * per_panel; g < std::min(weights.Groups(), (panel + 1) * per_panel); ++g) {
          p.AddUnit(g, g % per_panel * kSparseGroup);
        }
      }
      for (size_t i = 0, n = panel * kSparsePanel; i < kSparsePanel && n < weights.outputs; ++i, ++n) {
        const uint32_t sum = p.sums[weights.slots == nullptr ? i : weights.slots[n]];
        FinishInt8(output, m, n, static_cast<int32_t>(sum));
      }
    }
  }
}

}  // namespace gossamer
