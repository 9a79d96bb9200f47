// Where the windows of a convolution over NHWC lie, as rows of activations (kernels/linear.h).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/buffer.h"
#include "engine/operator.h"

namespace gossamer {

// Along one axis. Convolutions over [B, W, C] are those over [B, 1, W, C].
struct WindowAxis {
  int64_t kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0;  // begin, end: padding

  // Throws EngineError (ERR_ENGINE_SHAPE) where the window does not fit.
  int64_t Outputs(int64_t size, const std::string& type) const;
  bool operator==(const WindowAxis& o) const {
    return kernel == o.kernel && stride == o.stride && dilation == o.dilation && begin == o.begin && end == o.end;
  }
};

struct Window {
  WindowAxis h, w;

  bool HasPadding() const { return h.begin != 0 || h.end != 0 || w.begin != 0 || w.end != 0; }
  size_t Taps() const { return static_cast<size_t>(h.kernel * w.kernel); }
  // One position, every pixel once.
  bool IsPointwise() const;
};

// From `strides`, `pads` and `dilations` and the kernel's sizes (one or two). Throws EngineError.
Window WindowOf(const OperatorSpec& spec, const std::vector<int64_t>& kernel);

// Sizes of a convolution in a run.
struct WindowSizes {
  int64_t batch, height, width, channels, out_height, out_width;

  size_t Pixels() const { return static_cast<size_t>(batch * height * width); }
  size_t Rows() const { return static_cast<size_t>(batch * out_height * out_width); }
  bool operator==(const WindowSizes& o) const {
    return batch == o.batch && height == o.height && width == o.width && channels == o.channels;
  }
};

// Those for x [B, H, W, C] or [B, W, C]. Throws EngineError, also where x or a table of offsets is too large for int32.
WindowSizes WindowSizesOf(const Window& window, const Dims& x, const std::string& type);
// [B, outH, outW, channels], of x's rank.
Dims WindowResult(const WindowSizes& sizes, size_t rank, int64_t channels);

// ActivationRows::offsets: [tap][row], in channels * pixels; a tap is a position of the kernel. One outside the image
// is the row of channels behind the last pixel of the last image. Throws std::bad_alloc.
class WindowOffsets {
 public:
  WindowOffsets(const Window& window, const WindowSizes& sizes);
  const int32_t* data() const { return static_cast<const int32_t*>(buffer_.get()); }

 private:
  Buffer buffer_;
};

// The tables of the last few sizes: to build one costs a good part of a layer.
class OffsetCache {
 public:
  std::shared_ptr<const WindowOffsets> Get(const Window& window, const WindowSizes& sizes) const;

 private:
  static constexpr size_t kKept = 4;
  struct Entry {
    WindowSizes sizes;
    std::shared_ptr<const WindowOffsets> offsets;
  };
  mutable std::mutex mutex_;
  mutable std::vector<Entry> entries_;  // the latest first; all of one window
};

}  // namespace gossamer
