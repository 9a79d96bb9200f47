#include "kernels/pool_grad/pool_grad.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "testing/cases.h"
#include "testing/guarded.h"

using namespace gossamer;

namespace {

struct Case {
  PoolRow row;
  size_t pad_end;
  std::vector<float> x, y, dy, before;

  size_t InputCount() const { return (row.rows - 1) * row.row_stride + (row.in_width - 1) * row.pixel_stride + row.channels; }
  size_t OutputCount() const { return (row.out_width - 1) * row.pixel_stride + row.channels; }
};

struct Shape {
  size_t in_width, rows, kernel, stride, dilation, pad, pad_end;
};
// Windows apart, overlapping, with gaps, dilated, and in padding alone.
constexpr Shape kShapes[] = {{6, 2, 2, 2, 1, 0, 0}, {9, 3, 3, 2, 1, 1, 1}, {7, 3, 3, 1, 1, 1, 1}, {11, 2, 2, 3, 2, 0, 0},
                             {5, 1, 5, 1, 1, 2, 2}, {3, 2, 2, 1, 1, 3, 3}};

Case MakeCase(const Shape& shape, size_t channels, bool ties) {
  Case c;
  const size_t stride = channels + channels % 3, extent = (shape.kernel - 1) * shape.dilation + 1;
  const size_t out = (shape.in_width + shape.pad + shape.pad_end - extent) / shape.stride + 1;
  c.row = {channels, stride,       shape.in_width, out,           shape.rows, shape.in_width * stride + 5,
           shape.kernel, shape.stride, shape.dilation, shape.pad};
  c.pad_end = shape.pad_end;
  const unsigned seed = static_cast<unsigned>(channels * 7 + shape.in_width);
  c.x = NormalFloats(c.InputCount(), seed);
  if (ties) {
    for (float& v : c.x) v = std::floor(v);  // few values: windows have their maximum more than once
    for (size_t i = 0; i < c.x.size(); i += 37) c.x[i] = std::numeric_limits<float>::quiet_NaN();
    for (size_t i = 5; i < c.x.size(); i += 41) c.x[i] = -std::numeric_limits<float>::infinity();
  }
  c.y.resize(c.OutputCount());
  MaxPoolFloatScalar(c.x.data(), c.row, c.y.data());
  c.dy = NormalFloats(c.OutputCount(), seed + 1);
  c.before = NormalFloats(c.InputCount(), seed + 2);
  return c;
}

template <class Body>
void ForCases(const Body& body) {
  for (const Shape& shape : kShapes) {
    for (size_t channels : {1, 3, 4, 8, 15, 16, 17, 33, 64, 70}) {
      for (bool ties : {false, true}) body(MakeCase(shape, channels, ties));
    }
  }
}

// Offsets of the window at `ow`, in order.
std::vector<size_t> Offsets(const PoolRow& row, size_t ow) {
  std::vector<size_t> found;
  for (size_t r = 0; r < row.rows; ++r) {
    for (size_t k = 0; k < row.kernel; ++k) {
      const size_t padded = ow * row.stride + k * row.dilation;
      if (padded < row.pad || padded >= row.pad + row.in_width) continue;
      found.push_back(r * row.row_stride + (padded - row.pad) * row.pixel_stride);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("MaxPoolGrad: the first maximum takes the gradient") {
  ForCases([](const Case& c) {
    std::vector<float> dx = c.before, expected = c.before;
    MaxPoolGradScalar(c.dy.data(), c.x.data(), c.y.data(), c.row, PoolGradMode::kAdd, dx.data());
    for (size_t ow = 0; ow < c.row.out_width; ++ow) {
      for (size_t i = 0; i < c.row.channels; ++i) {
        size_t best = c.x.size();
        for (size_t offset : Offsets(c.row, ow)) {
          const float v = c.x[offset + i];
          if (best < c.x.size() && (std::isnan(c.x[best]) || !(v > c.x[best] || std::isnan(v)))) continue;
          best = offset + i;
        }
        if (best < c.x.size()) expected[best] += c.dy[ow * c.row.pixel_stride + i];
      }
    }
    REQUIRE(SameBits(dx, expected));
  });
}

TEST_CASE("AveragePoolGrad: all of a window share the gradient") {
  for (bool include_pad : {false, true}) {
    ForCases([&](const Case& c) {
      std::vector<float> dx = c.before, expected = c.before;
      AveragePoolGradScalar(c.dy.data(), c.row, {include_pad, c.row.rows + 1, c.pad_end},
                            PoolGradMode::kAdd, dx.data());
      for (size_t ow = 0; ow < c.row.out_width; ++ow) {
        const std::vector<size_t> offsets = Offsets(c.row, ow);
        size_t padded = 0;
        for (size_t k = 0; k < c.row.kernel; ++k) {
          padded += ow * c.row.stride + k * c.row.dilation < c.row.pad + c.row.in_width + c.pad_end;
        }
        const size_t count = include_pad ? (c.row.rows + 1) * padded : offsets.size();
        for (size_t offset : offsets) {
          for (size_t i = 0; i < c.row.channels; ++i) {
            expected[offset + i] += c.dy[ow * c.row.pixel_stride + i] / static_cast<float>(count);
          }
        }
      }
      REQUIRE(SameBits(dx, expected));
    });
  }
}

TEST_CASE("gradients of windows that do not overlap are set") {
  ForCases([](const Case& c) {
    if (c.row.stride != c.row.kernel || c.row.dilation != 1) return;
    std::vector<float> cleared(c.x.size()), set = c.before, average(c.x.size()), set_average = c.before;
    const AverageCounts counts{true, c.row.rows, c.pad_end};
    MaxPoolGradScalar(c.dy.data(), c.x.data(), c.y.data(), c.row, PoolGradMode::kAdd, cleared.data());
    MaxPoolGradScalar(c.dy.data(), c.x.data(), c.y.data(), c.row, PoolGradMode::kSet, set.data());
    AveragePoolGradScalar(c.dy.data(), c.row, counts, PoolGradMode::kAdd, average.data());
    AveragePoolGradScalar(c.dy.data(), c.row, counts, PoolGradMode::kSet, set_average.data());
    std::vector<float> expected = c.before, expected_average = c.before;
    for (size_t ow = 0; ow < c.row.out_width; ++ow) {
      for (size_t offset : Offsets(c.row, ow)) {
        std::copy_n(cleared.begin() + static_cast<ptrdiff_t>(offset), c.row.channels,
                    expected.begin() + static_cast<ptrdiff_t>(offset));
        std::copy_n(average.begin() + static_cast<ptrdiff_t>(offset), c.row.channels,
                    expected_average.begin() + static_cast<ptrdiff_t>(offset));
      }
    }
    REQUIRE(SameBits(set, expected));
    REQUIRE(SameBits(set_average, expected_average));
  });
}

TEST_CASE("gradients of pools: every variant equals the definition") {
  for (PoolGradMode mode : {PoolGradMode::kAdd, PoolGradMode::kSet}) {
    ForCases([&](const Case& c) {
      std::vector<float> largest = c.before, average = c.before;
      const AverageCounts counts{true, c.row.rows, c.pad_end};
      MaxPoolGradScalar(c.dy.data(), c.x.data(), c.y.data(), c.row, mode, largest.data());
      AveragePoolGradScalar(c.dy.data(), c.row, counts, mode, average.data());
      for (Edge edge : {Edge::kFront, Edge::kBack}) {
        Guarded<float> x(c.x, edge, 4), y(c.y, edge, 4), dy(c.dy, edge, 4);
        for (const auto& variant : Runnable(MaxPoolGradVariants())) {
          CAPTURE(std::string(IsaName(variant.isa)));
          Guarded<float> dx(c.before, edge, 4);
          variant.fn(dy.data(), x.data(), y.data(), c.row, mode, dx.data());
          REQUIRE(SameBits(dx.Copy(), largest));
        }
        for (const auto& variant : Runnable(AveragePoolGradVariants())) {
          CAPTURE(std::string(IsaName(variant.isa)));
          Guarded<float> dx(c.before, edge, 4);
          variant.fn(dy.data(), c.row, counts, mode, dx.data());
          REQUIRE(SameBits(dx.Copy(), average));
        }
      }
    });
  }
}
