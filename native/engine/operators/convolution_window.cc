#include "engine/operators/convolution_window.h"

#include <algorithm>

namespace gossamer {
namespace {

// Far above any model; products of two stay in int64.
constexpr int64_t kMost = 1 << 30;

[[noreturn]] void Refuse(const std::string& type, const char* code, const std::string& what) {
  throw EngineError{code, type + ": " + what};
}

// The attribute `name`, `count` numbers of at least `least`; `otherwise` where it is absent.
std::vector<int64_t> Numbers(const OperatorSpec& spec, const char* name, size_t count, int64_t least,
                             int64_t otherwise) {
  std::vector<int64_t> values = spec.attributes.Ints(name);
  if (values.empty()) values.assign(count, otherwise);
  if (values.size() != count) {
    Refuse(spec.type, "ERR_ENGINE_PROGRAM",
           std::string(name) + ": expected " + std::to_string(count) + " numbers, received " +
               std::to_string(values.size()));
  }
  for (int64_t value : values) {
    if (value < least || value > kMost) {
      Refuse(spec.type, "ERR_ENGINE_PROGRAM",
             std::string(name) + ": expected numbers of " + std::to_string(least) + " or more, received " +
                 std::to_string(value));
    }
  }
  return values;
}

}  // namespace

int64_t WindowAxis::Outputs(int64_t size, const std::string& type) const {
  const int64_t extent = (kernel - 1) * dilation + 1, padded = size + begin + end;
  if (padded < extent) {
    Refuse(type, "ERR_ENGINE_SHAPE",
           "x: expected a size of at least " + std::to_string(extent) + " with its padding, received " +
               std::to_string(padded));
  }
  return (padded - extent) / stride + 1;
}

bool Window::IsPointwise() const {
  return h.kernel == 1 && w.kernel == 1 && h.stride == 1 && w.stride == 1 && !HasPadding();
}

Window WindowOf(const OperatorSpec& spec, const std::vector<int64_t>& kernel) {
  const size_t rank = kernel.size();
  if (rank != 1 && rank != 2) Refuse(spec.type, "ERR_ENGINE_SHAPE", "w: expected one or two sizes of the kernel");
  const std::vector<int64_t> strides = Numbers(spec, "strides", rank, 1, 1);
  const std::vector<int64_t> dilations = Numbers(spec, "dilations", rank, 1, 1);
  const std::vector<int64_t> pads = Numbers(spec, "pads", 2 * rank, 0, 0);
  WindowAxis axes[2];
  for (size_t i = 0; i < rank; ++i) {
    if (kernel[i] < 1 || kernel[i] > kMost) Refuse(spec.type, "ERR_ENGINE_SHAPE", "w: expected a kernel of 1 or more");
    axes[2 - rank + i] = {kernel[i], strides[i], dilations[i], pads[i], pads[rank + i]};
  }
  return {axes[0], axes[1]};
}

WindowSizes WindowSizesOf(const Window& window, const Dims& x, const std::string& type) {
  if (x.Rank() != 3 && x.Rank() != 4) {
    Refuse(type, "ERR_ENGINE_SHAPE", "x: expected [B, H, W, C] or [B, W, C], received " + x.Text());
  }
  const bool flat = x.Rank() == 3;
  WindowSizes sizes{};
  sizes.batch = x[0];
  sizes.height = flat ? 1 : x[1];
  sizes.width = x[x.Rank() - 2];
  sizes.channels = x[x.Rank() - 1];
  if (x.Count() > static_cast<size_t>(INT32_MAX) - static_cast<size_t>(std::min<int64_t>(sizes.channels, INT32_MAX))) {
    Refuse(type, "ERR_ENGINE_SHAPE", "x: expected fewer than 2^31 elements, received " + x.Text());
  }
  sizes.out_height = window.h.Outputs(sizes.height, type);
  sizes.out_width = window.w.Outputs(sizes.width, type);
  const Dims table{static_cast<int64_t>(window.Taps()), sizes.batch, sizes.out_height, sizes.out_width};
  if (table.Count() > static_cast<size_t>(INT32_MAX)) {
    Refuse(type, "ERR_ENGINE_SHAPE", "x: expected fewer than 2^31 positions of the kernel, received " + x.Text());
  }
  return sizes;
}

Dims WindowResult(const WindowSizes& sizes, size_t rank, int64_t channels) {
  if (rank == 3) return {sizes.batch, sizes.out_width, channels};
  return {sizes.batch, sizes.out_height, sizes.out_width, channels};
}

WindowOffsets::WindowOffsets(const Window& window, const WindowSizes& sizes)
    : buffer_(NewBuffer(window.Taps() * sizes.Rows() * sizeof(int32_t))) {
  const int64_t channels = sizes.channels, row = sizes.width * channels;
  const int32_t outside = static_cast<int32_t>(sizes.batch * sizes.height * row);
  int32_t* at = static_cast<int32_t*>(buffer_.get());
  for (int64_t i = 0; i < window.h.kernel; ++i) {
    for (int64_t j = 0; j < window.w.kernel; ++j) {
      // Outputs whose position along the width is inside the image.
      const int64_t left = window.w.begin - j * window.w.dilation, step = window.w.stride;
      const int64_t first = std::clamp<int64_t>(left <= 0 ? 0 : (left + step - 1) / step, 0, sizes.out_width);
      const int64_t past = sizes.width + left;
      const int64_t end = std::clamp<int64_t>(past <= 0 ? 0 : (past + step - 1) / step, first, sizes.out_width);
      for (int64_t b = 0; b < sizes.batch; ++b) {
        for (int64_t y = 0; y < sizes.out_height; ++y, at += sizes.out_width) {
          const int64_t line = y * window.h.stride + i * window.h.dilation - window.h.begin;
          if (line < 0 || line >= sizes.height) {
            std::fill(at, at + sizes.out_width, outside);
            continue;
          }
          std::fill(at, at + first, outside);
          std::fill(at + end, at + sizes.out_width, outside);
          int64_t offset = (b * sizes.height + line) * row + (first * step - left) * channels;
          for (int64_t x = first; x < end; ++x, offset += step * channels) at[x] = static_cast<int32_t>(offset);
        }
      }
    }
  }
}

std::shared_ptr<const WindowOffsets> OffsetCache::Get(const Window& window, const WindowSizes& sizes) const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.sizes == sizes) return entry.offsets;
    }
  }
  auto offsets = std::make_shared<const WindowOffsets>(window, sizes);
  const std::lock_guard<std::mutex> lock(mutex_);
  entries_.insert(entries_.begin(), {sizes, offsets});
  if (entries_.size() > kKept) entries_.pop_back();
  return offsets;
}

}  // namespace gossamer
