// 2:4 weights as the kernels of kernels/sparse_i8/cuda.cu read them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gossamer {

// Every group of four along k in two slots: the byte and its place among the four, ascending; a free slot holds 0 at a
// place that is not taken. Groups beyond k are full of such.
struct TwoFourSlots {
  size_t groups;                // of a row
  std::vector<int8_t> values;   // [n, groups, 2]
  std::vector<uint8_t> places;  // [n, groups, 2]
};

// w [n, k]; rows are filled up to a multiple of `group_multiple` groups. EngineError (ERR_CUDA_PATTERN) where more than
// two of four are not 0.
TwoFourSlots FindTwoFour(const int8_t* w, size_t n, size_t k, size_t group_multiple);

// For dp4a: [n, groups / 2] of four bytes and of four selectors of 4 bits. groups a multiple of 2.
struct TwoFourBytes {
  std::vector<uint32_t> values;
  std::vector<uint16_t> selectors;
};
TwoFourBytes PackTwoFourBytes(const TwoFourSlots& slots, size_t n);

// For sparse tensor cores (cuda/device.h, SparseMmaS8U8): fragments of 16 rows by 64 k, [n / 16 rounded up, groups / 16,
// 32 lanes] of four words of values and one of places. groups a multiple of 16.
struct TwoFourFragments {
  std::vector<uint32_t> values, places;
};
TwoFourFragments PackTwoFourFragments(const TwoFourSlots& slots, size_t n);

}  // namespace gossamer
