// The loops of peak.h on several threads at once, for a caller who holds the clock.
#pragma once
#include "engine/thread_pool.h"
#include "kernels/peak/peak.h"

namespace gossamer {

enum class PeakLoop { kInt8, kFloat, kBf16 };

// What all tiles did together: `work` in operations, or in bytes for reads; `checksum` over what they found.
struct LoopWork {
  double work, checksum;
};

// Runs `rounds` rounds of the loop in each of `tiles` tiles, in the variant for exactly `isa`; work 0 where there is
// none that this machine runs. False when aborted, which is looked at every kPeakRounds rounds.
bool RunPeakLoop(PeakLoop loop, Isa isa, size_t rounds, size_t tiles, LoopWork* result, AbortFlag abort);

// Each of `tiles` tiles reads its share of x `rounds` times. Otherwise the same.
bool RunReadLoop(const uint8_t* x, size_t count, Isa isa, size_t rounds, size_t tiles, LoopWork* result,
                 AbortFlag abort);

}  // namespace gossamer
