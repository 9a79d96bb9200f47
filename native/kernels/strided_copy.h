// Copies between two arrangements of the same elements: what transpositions, slices, concatenations, broadcasts, tiles
// and pads all are.
#pragma once
#include <cstddef>
#include <cstdint>

namespace gossamer {

// One axis of the box: `size` positions, `from` elements of x and `to` elements of y apart. `from` may be 0 (x repeats)
// or negative (backwards); `to` is above 0.
struct CopyAxis {
  size_t size;
  ptrdiff_t from, to;
};
constexpr size_t kMaxCopyAxes = 16;

// y[sum i_a * to_a] = x[sum i_a * from_a] for every index i of the box. Made for one call: axes are merged and
// reordered, and the work cut into tasks of about 64 KB that any threads may run in any order. No two indices may share
// a place in y, and x and y may not overlap. Costs no allocation.
class StridedCopy {
 public:
  // `element`: 1, 2, 4 or 8 bytes; x and y are aligned to it. count <= kMaxCopyAxes, in any order.
  StridedCopy(const void* x, void* y, size_t element, const CopyAxis* axes, size_t count);

  size_t Tasks() const { return tasks_; }
  void Run(size_t task) const;
  void RunAll() const {
    for (size_t task = 0; task < tasks_; ++task) Run(task);
  }

 private:
  // kRows: runs that are contiguous on both sides. kTranspose: y is contiguous along one axis, x along another.
  // kElements: anything else.
  enum class Kind : uint8_t { kRows, kTranspose, kElements };

  void Merge(const CopyAxis* axes, size_t count);
  void WidenElements();
  void ChooseKind();
  void CutTasks();
  template <class T>
  void RunTyped(size_t first, size_t last) const;
  template <class T>
  void TransposeBlock(const T* x, T* y, size_t block) const;

  const uint8_t* x_;
  uint8_t* y_;
  size_t element_;
  Kind kind_ = Kind::kRows;
  size_t axes_count_ = 0;        // of the outer axes, once the inner ones are chosen
  CopyAxis axes_[kMaxCopyAxes];  // the largest `to` first
  CopyAxis inner_{1, 1, 1};      // along which y is contiguous (kElements: the smallest `to`)
  CopyAxis across_{1, 1, 1};     // kTranspose: along which x is
  // A unit is one block of the inner axes at one position of the outer ones; a task is a few of them.
  size_t block_ = 1, blocks_ = 1, units_ = 0, units_per_task_ = 1, tasks_ = 0;
};

}  // namespace gossamer
