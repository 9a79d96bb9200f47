// A few rows of activations, as the vector variants see them.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace gossamer {
namespace {

// Of row r, piece t starts at base + offsets[t * apart + r]. While a unit of weights is used, `ahead_bytes` bytes from
// `ahead` on may be fetched to the second cache, a little with each step.
struct SparseTile {
  const uint8_t* base;
  const int32_t* offsets;
  size_t apart, pieces;
  const int8_t* ahead;
  size_t ahead_bytes;
};

}  // namespace
}  // namespace gossamer
