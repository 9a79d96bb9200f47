// The window of a pool: its attributes, and where it stands on inputs as they are.
#pragma once
#include "engine/operators/arguments.h"
#include "kernels/pool/pool.h"

namespace gossamer {

struct PoolAxis {
  size_t size, output, kernel, stride, dilation, pad_begin, pad_end;

  // The taps of output position o.
  PoolTaps Taps(size_t o) const;
  // The most taps that any window has inside the input.
  size_t MostTaps() const { return kernel < size ? kernel : size; }
};

class PoolWindow {
 public:
  // Reads kernel_shape, strides, dilations, pads, auto_pad, ceil_mode, count_include_pad and global, which is also so where
  // the operator is.
  explicit PoolWindow(const OperatorSpec& spec, bool global = false);

  // The axes of x from `first` on, `count` of them. Throws ERR_ENGINE_SHAPE where the attributes do not fit.
  void Place(const Dims& x, size_t first, size_t count, PoolAxis* axes) const;
  bool IncludesPad() const { return include_pad_; }

 private:
  enum class AutoPad : uint8_t { kNone, kValid, kSameUpper, kSameLower };

  std::string op_;
  bool global_, ceil_, include_pad_;
  AutoPad auto_pad_ = AutoPad::kNone;
  std::vector<int64_t> kernel_, strides_, dilations_, pads_;
};

}  // namespace gossamer
