// Weights to symmetric int8, one scale a channel, in one call.
#pragma once
#include "engine/thread_pool.h"

namespace gossamer {

// w is [outer, axis, inner]; channel c has scales[c] = largest finite magnitude / quant_max (1 for a channel of zeros)
// and codes in [-quant_max, quant_max], stored as int8. *non_finite becomes the number of NaN and infinite weights.
// False when aborted.
bool QuantizeChannels(const float* w, size_t outer, size_t axis, size_t inner, int32_t quant_max, uint8_t* codes,
                      float* scales, uint64_t* non_finite, AbortFlag abort);

}  // namespace gossamer
