// The non-zeros of a group of outputs, as planning and packing go through them.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/sparse_i8/pack.h"

namespace gossamer {

// The non-zeros of one output in one piece, taken from the front.
struct Lane {
  const int8_t* w = nullptr;
  std::vector<uint32_t> places;  // their k's, then kNone
  size_t next = 0;

  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t K() const { return places[next]; }
};
using Lanes = std::array<Lane, kSparseGroup>;

// Steps for the 16 outputs of one group in one piece of `length` k's, appended to `steps`, each with at least one
// round. Rounds take up to four non-zeros of each lane that lie in the window, from the front; after the last step all
// are taken. `next` of the lanes is not read.
//
// Windows at multiples of 64, as many rounds in each as its fullest lane needs.
void AlignWindows(const Lanes& lanes, std::vector<SparseStep>& steps);
// Windows that begin anywhere and may overlap: a lane with many non-zeros then takes more of its own while others are
// behind. Which windows and rounds is a shortest path over the first place that is not done with, one state a place.
void ChooseWindows(const Lanes& lanes, size_t length, std::vector<SparseStep>& steps);

}  // namespace gossamer
