// A few rows of activations, as the vector variants see them.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace gossamer {
namespace {

// Of row r, piece t starts at base + offsets[t * apart + r].
struct SparseTile {
  const uint8_t* base;
  const int32_t* offsets;
  size_t apart, pieces;
};

}  // namespace
}  // namespace gossamer
