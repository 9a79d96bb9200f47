// How many blocks a launch takes, and sizes as kernels take them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>

#include "engine/tensor.h"

namespace gossamer {

constexpr size_t kStridingThreads = 256, kMaxStridingBlocks = 1024;  // of kernels whose threads stride over an array

inline size_t CudaBlocks(size_t count, size_t per_block) { return (count + per_block - 1) / per_block; }
inline size_t StridingBlocks(size_t count) { return std::min(kMaxStridingBlocks, CudaBlocks(count, kStridingThreads)); }

inline int CudaInt(const char* what, size_t value) {
  if (value <= 0x7fffffffu) return static_cast<int>(value);
  const std::string received = std::to_string(value);
  throw EngineError{"ERR_WRONG_LENGTH", std::string(what) + ": expected less than 2^31, received " + received};
}

}  // namespace gossamer
