// The depthwise case of Int8Conv: as many groups as channels.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/buffer.h"
#include "engine/operator.h"
#include "kernels/depthwise_i8/depthwise_i8.h"

namespace gossamer {

class Int8Depthwise {
 public:
  // w: [outputs][taps]; output n stands for w - weight_zero[n] and reads channel n / multiplier. A difference that int8
  // does not hold is split over two or three taps at the same place, which keeps sums exact.
  Int8Depthwise(const int8_t* w, const int32_t* weight_zero, size_t outputs, size_t multiplier, size_t taps);

  // As many channels as rows must have: those of x, each `multiplier` times.
  size_t Outputs() const { return packed_.channels; }
  // x with every channel `multiplier` times, `pixels` of them; x itself where that is 1.
  const uint8_t* Expand(const uint8_t* x, size_t pixels, RunContext& context) const;
  // rows: over what Expand gave; new_bytes: of it that a row does not share with the row before (about).
  void Run(const uint8_t* x, ActivationRows rows, size_t new_bytes, const Int8Output& output,
           RunContext& context) const;

  size_t Bytes() const { return bytes_; }
  std::string Note() const;

 private:
  size_t multiplier_, taps_, bytes_;
  Buffer blocks_;
  PackedDepthwiseI8 packed_;
};

}  // namespace gossamer
