// Packing of constants while a program is built, on the threads of the pool.
#pragma once
#include <algorithm>
#include <cstddef>

#include "engine/thread_pool.h"

namespace gossamer {

// Calls body(first, end) for runs of items that together are 0 .. count - 1, of about a quarter of a megabyte each;
// `bytes` are those of all items. Runs must not write to the same place.
template <class Body>
void PackParallel(size_t count, size_t bytes, const Body& body) {
  constexpr size_t kRunBytes = 256 << 10;
  if (count == 0) return;
  const size_t runs = std::clamp<size_t>(bytes / kRunBytes, 1, count), each = (count + runs - 1) / runs;
  ThreadPool::Process().ParallelFor((count + each - 1) / each, nullptr, [&](size_t run) {
    body(run * each, std::min(count, (run + 1) * each));
  });
}

}  // namespace gossamer
