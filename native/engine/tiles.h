// Splitting an array over the pool.
#pragma once
#include <algorithm>
#include <cstddef>

#include "engine/thread_pool.h"

namespace gossamer {

// Calls body(begin, end) for [0, tile), [tile, 2 * tile) ... up to `count`, in any order and on any thread. False when
// aborted.
template <class Body>
bool ForEachTile(size_t count, size_t tile, AbortFlag abort, const Body& body) {
  const size_t tiles = count / tile + (count % tile != 0 ? 1 : 0);
  return ThreadPool::Process().ParallelFor(
      tiles, abort, [&](size_t index) { body(index * tile, std::min(count, (index + 1) * tile)); });
}

}  // namespace gossamer
