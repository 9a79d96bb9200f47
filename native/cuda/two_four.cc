#include "cuda/two_four.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/tensor.h"

namespace gossamer {
namespace {

constexpr size_t kRows = 16, kGroups = 16, kLanes = 32;  // of a fragment

uint32_t Byte(int8_t value) { return static_cast<uint8_t>(value); }

}  // namespace

TwoFourSlots FindTwoFour(const int8_t* w, size_t n, size_t k, size_t group_multiple) {
  TwoFourSlots slots;
  slots.groups = ((k + 3) / 4 + group_multiple - 1) / group_multiple * group_multiple;
  slots.values.resize(n * slots.groups * 2);
  slots.places.resize(slots.values.size());
  for (size_t row = 0; row < n; ++row) {
    for (size_t group = 0; group < slots.groups; ++group) {
      uint8_t places[2];
      size_t kept = 0;
      const size_t begin = group * 4, end = std::min(k, begin + 4);
      for (size_t i = begin; i < end; ++i) {
        if (w[row * k + i] == 0) continue;
        if (kept == 2) {
          throw EngineError{"ERR_CUDA_PATTERN", "w: expected at most two of every four along k that are not 0, "
                                                "received more in row " + std::to_string(row)};
        }
        places[kept++] = static_cast<uint8_t>(i - begin);
      }
      // Free slots take the lowest places that are left.
      for (uint8_t place = 0; kept < 2; ++place) {
        if (kept == 0 || places[0] != place) places[kept++] = place;
      }
      if (places[0] > places[1]) std::swap(places[0], places[1]);
      for (size_t slot = 0; slot < 2; ++slot) {
        const size_t at = (row * slots.groups + group) * 2 + slot, column = begin + places[slot];
        slots.places[at] = places[slot];
        slots.values[at] = column < end ? w[row * k + column] : int8_t{0};
      }
    }
  }
  return slots;
}

TwoFourBytes PackTwoFourBytes(const TwoFourSlots& slots, size_t n) {
  const size_t steps = slots.groups / 2;
  TwoFourBytes packed;
  packed.values.resize(n * steps);
  packed.selectors.resize(n * steps);
  for (size_t i = 0; i < n * steps * 4; ++i) {
    const size_t slot = i % 4;
    packed.values[i / 4] |= Byte(slots.values[i]) << (8 * slot);
    packed.selectors[i / 4] |= static_cast<uint16_t>((slots.places[i] + slot / 2 * 4) << (4 * slot));
  }
  return packed;
}

TwoFourFragments PackTwoFourFragments(const TwoFourSlots& slots, size_t n) {
  const size_t strips = (n + kRows - 1) / kRows, steps = slots.groups / kGroups;
  TwoFourFragments packed;
  packed.values.resize(strips * steps * kLanes * 4);
  // Rows beyond n: values 0 at places 0 and 1 (equal places are not allowed).
  packed.places.assign(strips * steps * kLanes, 0x44444444u);
  for (size_t row = 0; row < n; ++row) {
    for (size_t i = 0; i < slots.groups * 2; ++i) {
      const size_t step = i / (kGroups * 2), slot = i % (kGroups * 2);  // slot: column of the stored half of the 64
      const size_t fragment = (row / kRows * steps + step) * kLanes;
      const size_t g = row % 8, is_lower = row % kRows / 8, is_right = slot / 16;
      const size_t lane = g * 4 + slot % 16 / 4, word = is_lower + 2 * is_right;
      const size_t from = row * slots.groups * 2 + i;
      packed.values[(fragment + lane) * 4 + word] |= Byte(slots.values[from]) << (8 * (slot % 4));
      uint32_t& places = packed.places[fragment + g * 4 + word];
      if (slot % 16 == 0) places = 0;
      places |= static_cast<uint32_t>(slots.places[from]) << (2 * (slot % 16));
    }
  }
  return packed;
}

}  // namespace gossamer
