#include "engine/operators/pool_window.h"

#include <algorithm>

namespace gossamer {
namespace {

// Attributes above this are refused, so that no sum of theirs overflows.
constexpr int64_t kMost = int64_t{1} << 31;

void CheckRange(const std::string& op, const char* name, const std::vector<int64_t>& values, int64_t least) {
  for (int64_t value : values) {
    if (value < least || value > kMost) {
      RefuseShape(op + " " + name, "numbers from " + std::to_string(least) + " to 2^31", std::to_string(value));
    }
  }
}

}  // namespace

PoolTaps PoolAxis::Taps(size_t o) const {
  PoolRow row{};
  row.in_width = size;
  row.kernel = kernel;
  row.stride = stride;
  row.dilation = dilation;
  row.pad = pad_begin;
  return TapsAt(row, pad_end, o);
}

PoolWindow::PoolWindow(const OperatorSpec& spec, bool global) : op_(spec.type) {
  const Attributes& attributes = spec.attributes;
  global_ = global || attributes.Int("global", 0) != 0;
  ceil_ = attributes.Int("ceil_mode", 0) != 0;
  include_pad_ = attributes.Int("count_include_pad", 0) != 0;
  kernel_ = attributes.Ints("kernel_shape");
  strides_ = attributes.Ints("strides");
  dilations_ = attributes.Ints("dilations");
  pads_ = attributes.Ints("pads");
  CheckRange(op_, "kernel_shape", kernel_, 1);
  CheckRange(op_, "strides", strides_, 1);
  CheckRange(op_, "dilations", dilations_, 1);
  CheckRange(op_, "pads", pads_, 0);
  const std::string auto_pad = attributes.Text("auto_pad", "NOTSET");
  if (auto_pad == "VALID") {
    auto_pad_ = AutoPad::kValid;
  } else if (auto_pad == "SAME_UPPER") {
    auto_pad_ = AutoPad::kSameUpper;
  } else if (auto_pad == "SAME_LOWER") {
    auto_pad_ = AutoPad::kSameLower;
  } else if (auto_pad != "NOTSET") {
    RefuseProgram(op_ + " auto_pad", "NOTSET, VALID, SAME_UPPER or SAME_LOWER", auto_pad);
  }
}

void PoolWindow::Place(const Dims& x, size_t first, size_t count, PoolAxis* axes) const {
  for (size_t i = 0; i < count && global_; ++i) {
    const size_t size = static_cast<size_t>(x[first + i]);
    axes[i] = {size, 1, std::max<size_t>(size, 1), 1, 1, 0, 0};
  }
  if (global_) return;
  const auto fits = [&](const std::vector<int64_t>& values, size_t wanted) {
    return values.empty() || values.size() == wanted;
  };
  if (kernel_.size() != count || !fits(strides_, count) || !fits(dilations_, count) || !fits(pads_, 2 * count)) {
    RefuseShape(op_, "attributes for the " + std::to_string(count) + " spatial axes of " + x.Text(),
                "kernel_shape of " + std::to_string(kernel_.size()));
  }
  for (size_t i = 0; i < count; ++i) {
    PoolAxis& axis = axes[i];
    axis.size = static_cast<size_t>(x[first + i]);
    axis.kernel = static_cast<size_t>(kernel_[i]);
    axis.stride = strides_.empty() ? 1 : static_cast<size_t>(strides_[i]);
    axis.dilation = dilations_.empty() ? 1 : static_cast<size_t>(dilations_[i]);
    const size_t extent = (axis.kernel - 1) * axis.dilation + 1;
    if (auto_pad_ == AutoPad::kSameUpper || auto_pad_ == AutoPad::kSameLower) {
      axis.output = axis.size / axis.stride + (axis.size % axis.stride != 0 ? 1 : 0);
      const size_t needed = axis.output == 0 ? 0 : (axis.output - 1) * axis.stride + extent;
      const size_t total = needed > axis.size ? needed - axis.size : 0;
      axis.pad_begin = auto_pad_ == AutoPad::kSameUpper ? total / 2 : total - total / 2;
      axis.pad_end = total - axis.pad_begin;
      continue;
    }
    const bool explicit_pads = auto_pad_ == AutoPad::kNone && !pads_.empty();
    axis.pad_begin = explicit_pads ? static_cast<size_t>(pads_[i]) : 0;
    axis.pad_end = explicit_pads ? static_cast<size_t>(pads_[i + count]) : 0;
    const size_t padded = axis.size + axis.pad_begin + axis.pad_end;
    if (padded < extent) {
      axis.output = ceil_ && padded + axis.stride > extent && axis.size + axis.pad_begin > 0 ? 1 : 0;
      continue;
    }
    const size_t span = padded - extent;
    axis.output = span / axis.stride + (ceil_ && span % axis.stride != 0 ? 1 : 0) + 1;
    // A last window that would start in the padding behind the input is dropped.
    if (ceil_ && (axis.output - 1) * axis.stride >= axis.size + axis.pad_begin) --axis.output;
  }
}

}  // namespace gossamer
