#include "kernels/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/transpose/transpose.h"

namespace gossamer {
namespace {

constexpr size_t kTaskBytes = 65536;

// Elements: the image of a tile takes at most half of the L1 cache.
template <class T>
constexpr size_t kSide = sizeof(T) == 8 ? 32 : 64;

size_t CeilDiv(size_t a, size_t b) { return a / b + (a % b != 0 ? 1 : 0); }

TransposeFn<uint8_t>& TransposeOf(const uint8_t*) { return Transpose8(); }
TransposeFn<uint16_t>& TransposeOf(const uint16_t*) { return Transpose16(); }
TransposeFn<uint32_t>& TransposeOf(const uint32_t*) { return Transpose32(); }
TransposeFn<uint64_t>& TransposeOf(const uint64_t*) { return Transpose64(); }

// Walks the outer axes in order; offsets in elements.
class Odometer {
 public:
  Odometer(const CopyAxis* axes, size_t count, size_t start) : axes_(axes), count_(count) {
    for (size_t a = count; a-- > 0;) {
      at_[a] = start % axes[a].size;
      start /= axes[a].size;
      x += static_cast<ptrdiff_t>(at_[a]) * axes[a].from;
      y += static_cast<ptrdiff_t>(at_[a]) * axes[a].to;
    }
  }
  void Next() {
    for (size_t a = count_; a-- > 0;) {
      x += axes_[a].from;
      y += axes_[a].to;
      if (++at_[a] < axes_[a].size) return;
      x -= static_cast<ptrdiff_t>(axes_[a].size) * axes_[a].from;
      y -= static_cast<ptrdiff_t>(axes_[a].size) * axes_[a].to;
      at_[a] = 0;
    }
  }
  ptrdiff_t x = 0, y = 0;

 private:
  const CopyAxis* axes_;
  size_t count_;
  size_t at_[kMaxCopyAxes];
};

template <class T>
void CopyElements(const T* x, T* y, size_t count, ptrdiff_t from, ptrdiff_t to) {
  if (from == 0 && to == 1) {
    std::fill(y, y + count, *x);
  } else if (from == -1 && to == 1) {
    for (size_t i = 0; i < count; ++i) y[i] = *(x - static_cast<ptrdiff_t>(i));
  } else if (to == 1) {
    for (size_t i = 0; i < count; ++i) y[i] = x[static_cast<ptrdiff_t>(i) * from];
  } else {
    for (size_t i = 0; i < count; ++i) y[static_cast<ptrdiff_t>(i) * to] = x[static_cast<ptrdiff_t>(i) * from];
  }
}

}  // namespace

StridedCopy::StridedCopy(const void* x, void* y, size_t element, const CopyAxis* axes, size_t count)
    : x_(static_cast<const uint8_t*>(x)), y_(static_cast<uint8_t*>(y)), element_(element) {
  for (size_t a = 0; a < count; ++a) {
    if (axes[a].size == 0) return;  // no tasks
  }
  Merge(axes, count);
  WidenElements();
  ChooseKind();
  CutTasks();
}

// Axes of one position go, the others are sorted by `to`, and neighbours that act as one become one.
void StridedCopy::Merge(const CopyAxis* axes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (axes[i].size == 1) continue;
    size_t a = axes_count_++;
    for (; a > 0 && axes_[a - 1].to < axes[i].to; --a) axes_[a] = axes_[a - 1];
    axes_[a] = axes[i];
  }
  size_t kept = 0;
  for (size_t a = 0; a < axes_count_; ++a) {
    const CopyAxis& next = axes_[a];
    const ptrdiff_t size = static_cast<ptrdiff_t>(next.size);
    if (kept > 0 && axes_[kept - 1].from == next.from * size && axes_[kept - 1].to == next.to * size) {
      axes_[kept - 1] = {axes_[kept - 1].size * next.size, next.from, next.to};
    } else {
      axes_[kept++] = next;
    }
  }
  axes_count_ = kept;
}

// A run of 2, 4 or 8 bytes that every stride keeps whole is one larger element.
void StridedCopy::WidenElements() {
  if (axes_count_ == 0 || axes_[axes_count_ - 1].from != 1 || axes_[axes_count_ - 1].to != 1) return;
  const size_t run = axes_[axes_count_ - 1].size;
  if (run > 8 / element_ || (run & (run - 1)) != 0) return;
  const size_t wide = run * element_;
  if (reinterpret_cast<uintptr_t>(x_) % wide != 0 || reinterpret_cast<uintptr_t>(y_) % wide != 0) return;
  const ptrdiff_t step = static_cast<ptrdiff_t>(run);
  for (size_t a = 0; a + 1 < axes_count_; ++a) {
    if (axes_[a].from % step != 0 || axes_[a].to % step != 0) return;
  }
  --axes_count_;
  for (size_t a = 0; a < axes_count_; ++a) {
    axes_[a].from /= step;
    axes_[a].to /= step;
  }
  element_ = wide;
}

void StridedCopy::ChooseKind() {
  if (axes_count_ == 0) return;
  inner_ = axes_[--axes_count_];
  if (inner_.from == 1 && inner_.to == 1) return;
  kind_ = Kind::kElements;
  if (inner_.to != 1 || inner_.from <= 0) return;
  for (size_t a = 0; a < axes_count_; ++a) {
    if (axes_[a].from != 1) continue;
    across_ = axes_[a];
    for (size_t i = a + 1; i < axes_count_; ++i) axes_[i - 1] = axes_[i];
    --axes_count_;
    kind_ = Kind::kTranspose;
    return;
  }
}

void StridedCopy::CutTasks() {
  size_t outer = 1, unit_bytes;
  for (size_t a = 0; a < axes_count_; ++a) outer *= axes_[a].size;
  if (kind_ == Kind::kTranspose) {
    const size_t side = element_ == 8 ? 32 : 64;
    blocks_ = CeilDiv(inner_.size, side) * CeilDiv(across_.size, side);
    unit_bytes = std::min(inner_.size, side) * std::min(across_.size, side) * element_;
  } else {
    block_ = std::min(inner_.size, kTaskBytes / element_);
    blocks_ = CeilDiv(inner_.size, block_);
    unit_bytes = block_ * element_;
  }
  units_ = outer * blocks_;
  units_per_task_ = std::max<size_t>(kTaskBytes / unit_bytes, 1);
  tasks_ = CeilDiv(units_, units_per_task_);
}

// Rows of y that are a power of two apart share few cache sets: written in pieces, each line would be evicted and fetched
// again. So a tile is transposed here, and each of its rows written in one go.
template <class T>
void StridedCopy::TransposeBlock(const T* x, T* y, size_t block) const {
  alignas(64) T image[kSide<T> * kSide<T>];
  const size_t tiles_across = CeilDiv(across_.size, kSide<T>);
  const size_t r = block / tiles_across * kSide<T>, c = block % tiles_across * kSide<T>;
  const size_t rows = std::min(inner_.size - r, kSide<T>), cols = std::min(across_.size - c, kSide<T>);
  const size_t stride = static_cast<size_t>(inner_.from), out_stride = static_cast<size_t>(across_.to);
  x += r * stride + c;
  y += c * out_stride + r;
  if (rows * sizeof(T) < 16 || cols <= 8 || out_stride * sizeof(T) <= 256) {  // few pieces of lines: no need of an image
    TransposeOf(x)(x, rows, cols, stride, y, out_stride);
    return;
  }
  TransposeOf(x)(x, rows, cols, stride, image, kSide<T>);
  for (size_t i = 0; i < cols; ++i) std::memcpy(y + i * out_stride, image + i * kSide<T>, rows * sizeof(T));
}

template <class T>
void StridedCopy::RunTyped(size_t first, size_t last) const {
  const T* x = reinterpret_cast<const T*>(x_);
  T* y = reinterpret_cast<T*>(y_);
  Odometer at(axes_, axes_count_, first / blocks_);
  size_t block = first % blocks_;
  for (size_t unit = first; unit < last; ++unit) {
    if (kind_ == Kind::kTranspose) {
      TransposeBlock(x + at.x, y + at.y, block);
    } else {
      const size_t start = block * block_, count = std::min(inner_.size - start, block_);
      const T* from = x + at.x + static_cast<ptrdiff_t>(start) * inner_.from;
      T* to = y + at.y + static_cast<ptrdiff_t>(start) * inner_.to;
      if (kind_ == Kind::kRows) {
        std::memcpy(to, from, count * sizeof(T));
      } else {
        CopyElements(from, to, count, inner_.from, inner_.to);
      }
    }
    if (++block == blocks_) {
      block = 0;
      at.Next();
    }
  }
}

void StridedCopy::Run(size_t task) const {
  const size_t first = task * units_per_task_, last = std::min(units_, first + units_per_task_);
  switch (element_) {
    case 1:
      return RunTyped<uint8_t>(first, last);
    case 2:
      return RunTyped<uint16_t>(first, last);
    case 4:
      return RunTyped<uint32_t>(first, last);
    default:
      return RunTyped<uint64_t>(first, last);
  }
}

}  // namespace gossamer
