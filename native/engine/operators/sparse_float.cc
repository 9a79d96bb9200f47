#include "engine/operators/sparse_float.h"

#include <algorithm>
#include <cstdint>

namespace gossamer {
namespace {

// Memory of a call of the kernel; kept by each thread between calls.
void* KernelScratch() {
  constexpr size_t kAlignment = 64;
  static thread_local std::vector<uint8_t> memory(kSparseScratchBytesF32 + kAlignment);
  return memory.data() + (kAlignment - reinterpret_cast<uintptr_t>(memory.data()) % kAlignment) % kAlignment;
}

}  // namespace

SparseFloat::SparseFloat(const WeightSourceF32& source, size_t groups, size_t group_stride, SparseMode mode) {
  if (mode == SparseMode::kDense) {
    note_ = "dense: as asked";
    return;
  }
  const SparseF32Choice choice = ChooseSparseF32(source);
  note_ = choice.reason;
  if (mode == SparseMode::kSparse) {
    note_ = "sparse: as asked; the model says " + note_;
  } else if (!choice.sparse) {
    return;
  }
  size_t non_zeros = 0;
  for (size_t g = 0; g < groups; ++g) {
    WeightSourceF32 of_group = source;
    of_group.data += g * group_stride;
    groups_.push_back(std::make_unique<PackedSparseF32>(of_group));
    non_zeros += groups_.back()->NonZeros();
  }
  const double outputs = static_cast<double>(std::max<size_t>(1, groups * source.n));
  non_zeros_of_output_ = static_cast<double>(non_zeros) / outputs;
  // Up to 16 rows take the time of 16: measured, 10 rows break even at 80 % zeros, 6 at 90 %.
  const double depth = static_cast<double>(std::max<size_t>(1, source.taps * source.piece));
  if (mode == SparseMode::kAuto) least_rows_ = static_cast<size_t>(56 * non_zeros_of_output_ / depth) + 1;
}

GemmTiles SparseFloat::Tiles(size_t rows, size_t columns) const {
  // Rows of a tile are turned round once for all of its columns: not too few columns, and otherwise about 100
  // microseconds, at some 50 non-zeros times rows a nanosecond.
  constexpr size_t kLeastColumns = 256;
  constexpr double kProducts = 5e6;
  const size_t row_block = kSparseScratchRows;
  const double of_output = std::max(1.0, non_zeros_of_output_ * static_cast<double>(std::min(rows, row_block)));
  const size_t most = static_cast<size_t>(kProducts / of_output) / kSparsePanelF32 * kSparsePanelF32;
  return {rows, columns, row_block, std::clamp(most, kLeastColumns, kSparseScratchOutputs)};
}

void SparseFloat::Run(size_t group, const float* x, const ActivationRows& rows, const GemmTile& tile,
                      const FloatOutput& output) const {
  SparseF32()(x, rows, tile.m0, tile.m1, groups_[group]->View(), tile.n0, tile.n1, output, KernelScratch());
}

size_t SparseFloat::Bytes() const {
  size_t bytes = 0;
  for (const auto& group : groups_) bytes += group->Bytes();
  return bytes;
}

}  // namespace gossamer
