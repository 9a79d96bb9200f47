#include "kernels/strided_copy.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Box {
  std::vector<CopyAxis> axes;
  size_t x_count, y_count, x_first;
};

// Element by element, in the order of the axes as given.
template <class T>
void Oracle(const Box& box, size_t axis, const T* x, T* y) {
  if (axis == box.axes.size()) {
    *y = *x;
    return;
  }
  for (size_t i = 0; i < box.axes[axis].size; ++i) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(i);
    Oracle(box, axis + 1, x + at * box.axes[axis].from, y + at * box.axes[axis].to);
  }
}

template <class T>
void Check(const Box& box) {
  std::vector<T> x(box.x_count), expected(box.y_count, T{7});
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i * 2654435761u >> 5);
  Oracle<T>(box, 0, x.data() + box.x_first, expected.data());
  for (Edge edge : {Edge::kFront, Edge::kBack}) {
    Guarded<T> in(x, edge), out(std::vector<T>(box.y_count, T{7}), edge);
    const StridedCopy copy(in.data() + box.x_first, out.data(), sizeof(T), box.axes.data(), box.axes.size());
    for (size_t task = copy.Tasks(); task-- > 0;) copy.Run(task);  // any order
    REQUIRE(SameBits(out.Copy(), expected));
  }
}

void CheckAll(const Box& box) {
  Check<uint8_t>(box);
  Check<uint16_t>(box);
  Check<uint32_t>(box);
  Check<uint64_t>(box);
}

// The axes of y = transpose(x, order), x of these sizes.
Box Permutation(const std::vector<size_t>& sizes, const std::vector<size_t>& order) {
  size_t count = 1;
  std::vector<size_t> strides(sizes.size());
  for (size_t a = sizes.size(); a-- > 0;) {
    strides[a] = count;
    count *= sizes[a];
  }
  Box box{{}, count, count, 0};
  size_t to = 1;
  for (size_t i = order.size(); i-- > 0;) {
    box.axes.push_back({sizes[order[i]], static_cast<ptrdiff_t>(strides[order[i]]), static_cast<ptrdiff_t>(to)});
    to *= sizes[order[i]];
  }
  return box;
}

}  // namespace

TEST_CASE("StridedCopy: every order of up to five axes") {
  for (const std::vector<size_t>& sizes : std::vector<std::vector<size_t>>{
           {}, {1}, {37}, {0, 4}, {3, 70}, {65, 3}, {130, 129}, {2, 3, 4}, {5, 8, 8}, {3, 1, 40, 2}, {2, 3, 5, 7, 4}}) {
    std::vector<size_t> order(sizes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
      CheckAll(Permutation(sizes, order));
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("StridedCopy: large boxes are cut into tasks") {
  CheckAll(Permutation({2, 3, 300, 401}, {0, 2, 3, 1}));
  CheckAll(Permutation({2, 300, 401, 3}, {0, 3, 1, 2}));
  CheckAll(Permutation({300001}, {0}));
  CheckAll(Permutation({9, 100, 2, 33}, {2, 1, 0, 3}));
}

TEST_CASE("StridedCopy: backwards, steps, repeats, gaps in y") {
  CheckAll({{{5, -1, 1}}, 5, 5, 4});
  CheckAll({{{5, -2, 1}}, 9, 5, 8});
  CheckAll({{{70000, 3, 1}}, 210000, 70000, 0});
  CheckAll({{{4, 3, 50}, {7, 0, 7}, {3, 1, 1}}, 12, 200, 0});  // a tile of rows, with gaps
  CheckAll({{{4, 0, 100}, {100, 0, 1}}, 1, 400, 0});           // one element everywhere
  CheckAll({{{4, -20, 30}, {10, 1, 2}}, 80, 120, 60});
  CheckAll({{{6, -8, 8}, {4, 2, 2}, {2, 1, 1}}, 48, 48, 40});
  CheckAll({{{6, 1, 20}, {20, -6, 1}}, 120, 120, 114});  // transposed and backwards
}
