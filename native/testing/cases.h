// Inputs that kernels get wrong: awkward lengths, awkward values.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/dispatch.h"

namespace gossamer {

// Around every vector width W in use (4, 8, 16, 32, 64): W-1, W, W+1, 2W-1, 2W; and odd ones.
inline std::vector<size_t> AwkwardLengths() {
  std::vector<size_t> lengths = {0, 1, 2, 31, 257, 1000};
  for (size_t w : {4, 8, 16, 32, 64}) {
    for (size_t n : {w - 1, w, w + 1, 2 * w - 1, 2 * w}) lengths.push_back(n);
  }
  return lengths;
}

// Normal values, with NaN, infinities, both zeros, subnormals, huge values, and ties of multiples of `step` mixed in.
inline std::vector<float> AwkwardFloats(size_t count, unsigned seed, float step = 0.5f) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const float special[] = {nan, -nan, inf, -inf, 0.0f, -0.0f, 1e-45f, -1e-45f, 1e-38f, 3e38f, -3e38f};
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 40 * step);
  std::vector<float> x(count);
  for (float& v : x) {
    const unsigned kind = random() % 16;
    if (kind == 0) {
      v = special[random() % (sizeof special / sizeof *special)];
    } else if (kind < 4) {
      v = (static_cast<float>(static_cast<int>(random() % 600) - 300) + 0.5f) * step;  // a tie when divided by step
    } else {
      v = normal(random);
    }
  }
  return x;
}

inline std::vector<float> NormalFloats(size_t count, unsigned seed, float sigma = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> x(count);
  for (float& v : x) v = normal(random);
  return x;
}

template <class T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// The same bits, or NaN in both: which NaN comes out of an operation on NaN differs between instruction sets.
inline bool SameFloats(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof(float)) != 0) return false;
  }
  return true;
}

// The variants of a kernel that this machine can run, the definition included.
template <class Fn>
std::vector<Variant<Fn>> Runnable(VariantList<Fn> list) {
  std::vector<Variant<Fn>> runnable;
  for (const Variant<Fn>& variant : list) {
    if (IsaAvailable(variant.isa)) runnable.push_back(variant);
  }
  return runnable;
}

}  // namespace gossamer
