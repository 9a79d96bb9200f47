// Bytes of any value.
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace gossamer {

inline std::vector<uint8_t> RandomBytes(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

}  // namespace gossamer
