// Where quantization parameters vary over a row-major tensor seen as [outer, axis, inner].
#pragma once
#include <cstddef>

namespace gossamer {

enum class Granularity { kPerTensor, kPerAxis, kPerBlock };

struct TensorLayout {
  Granularity granularity;
  size_t outer, axis, inner;
  size_t block_size;  // steps along the axis that share a parameter (kPerBlock); the last block may be shorter

  size_t Count() const;
  size_t BlocksPerAxis() const;
  // kPerTensor: 1. kPerAxis: axis. kPerBlock: outer * BlocksPerAxis() * inner, in the row-major order of that shape.
  size_t ParameterCount() const;
};

// A run of elements with one parameter, or (`each`) with parameters that advance with the elements.
struct Segment {
  size_t offset, count;
  size_t parameter;
  bool each;
};

// The longest segment that starts at element `offset` and ends at or before `end`.
Segment SegmentAt(const TensorLayout& layout, size_t offset, size_t end);

}  // namespace gossamer
