// Fetching floats that are read or written soon, where hardware does not see it coming. Any address will do.
#pragma once
#include <cstddef>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace gossamer {
namespace {

constexpr size_t kLineFloats = 16;  // of a cache line

inline void Prefetch(const float* p) {
#if defined(_MSC_VER) && defined(_M_X64)
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0);
#elif defined(_MSC_VER)
  __prefetch(p);
#else
  __builtin_prefetch(p);
#endif
}
inline void PrefetchToWrite(const float* p) {
#if defined(_MSC_VER)
  Prefetch(p);
#else
  __builtin_prefetch(p, 1);
#endif
}

}  // namespace
}  // namespace gossamer
