// A global operator new that fails when told to; for a test binary of its own.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// Allocation number `at` from here on (1 the first; 0 none), of any thread, throws std::bad_alloc.
void FailAllocation(int64_t at);
// Ends that; how many were asked for since.
int64_t StopFailing();
// Blocks that are allocated now.
int64_t LiveBlocks();

}  // namespace gossamer
