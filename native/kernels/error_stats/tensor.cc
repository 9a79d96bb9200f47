#include "kernels/error_stats/tensor.h"

#include <vector>

#include "engine/tiles.h"

namespace gossamer {

bool ComputeErrorStats(const float* a, const float* b, size_t count, ErrorSums* sums, AbortFlag abort) {
  constexpr size_t kBlocksPerTile = 16;
  std::vector<ErrorSums> blocks(count / kErrorBlock + 1);
  const bool done = ForEachTile(count, kBlocksPerTile * kErrorBlock, abort, [&](size_t begin, size_t end) {
    for (size_t at = begin; at < end; at += kErrorBlock) {
      ErrorBlock()(a + at, b + at, std::min(kErrorBlock, end - at), &blocks[at / kErrorBlock]);
    }
  });
  *sums = {};
  for (const ErrorSums& block : blocks) {
    sums->squared_error += block.squared_error;
    sums->squared_reference += block.squared_reference;
    sums->squared_actual += block.squared_actual;
    sums->dot += block.dot;
    sums->max_error = std::max(sums->max_error, block.max_error);
    sums->non_finite += block.non_finite;
  }
  return done;
}

}  // namespace gossamer
