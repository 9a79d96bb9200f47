#include "engine/carried.h"

#include <utility>

#include "engine/operators/arguments.h"
#include "kernels/linear.h"

namespace gossamer {
namespace {

// All axes before the one that grows count rows, those from it on run through a row. `pitch`: elements from row to row
// of y.
void CopyRows(const Tensor& x, size_t axis, uint8_t* y, size_t pitch, RunContext& context) {
  const size_t element = ElementSize(x.type), width = x.dims.Count(axis, x.dims.Rank());
  const size_t from = x.pitch == 0 ? width : x.pitch;
  const CopyAxis axes[2] = {{x.dims.Count(0, axis), static_cast<ptrdiff_t>(from), static_cast<ptrdiff_t>(pitch)},
                            {width, 1, 1}};
  RunCopy(StridedCopy(x.data, y, element, axes, 2), context);
}

// Moves it to rows of `pitch` elements. Nothing has changed where this throws.
void Move(Carried& value, size_t axis, size_t pitch, RunContext& context) {
  Tensor& tensor = value.tensor;
  const size_t bytes = tensor.dims.Count(0, axis) * pitch * ElementSize(tensor.type) + kReadSlack;
  Buffer buffer = NewBuffer(bytes);
  if (tensor.Count() != 0) CopyRows(tensor, axis, static_cast<uint8_t*>(buffer.get()), pitch, context);
  value.buffer = std::move(buffer);
  value.capacity = bytes;
  tensor.data = value.buffer.get();
  tensor.pitch = pitch;
  tensor.pitch_axis = axis;
}

}  // namespace

Tensor Append(Carried& value, size_t axis, const Tensor* const* parts, size_t count, RunContext& context) {
  const Tensor& tensor = value.tensor;
  const size_t rank = tensor.dims.Rank();
  int64_t length = tensor.dims[axis];
  for (size_t i = 0; i < count; ++i) length = SumOfSizes(length, parts[i]->dims[axis]);
  Dims dims;
  for (size_t a = 0; a < rank; ++a) dims.Append(a == axis ? length : tensor.dims[a]);
  const size_t rows = dims.Count(0, axis), position = dims.Count(axis + 1, rank);
  if (rows != 0 && position != 0) {
    const size_t wanted = static_cast<size_t>(length) * position;  // of a row
    if (wanted > tensor.pitch) {
      try {
        Move(value, axis, wanted + static_cast<size_t>(length) / 2 * position, context);
      } catch (const std::bad_alloc&) {
        Move(value, axis, wanted, context);
      }
    }
    uint8_t* at = static_cast<uint8_t*>(tensor.data);
    size_t offset = static_cast<size_t>(tensor.dims[axis]) * position;
    for (size_t i = 0; i < count; ++i) {
      if (parts[i]->Count() == 0) continue;
      CopyRows(*parts[i], axis, at + offset * ElementSize(tensor.type), tensor.pitch, context);
      offset += parts[i]->dims.Count(axis, rank);
    }
  }
  Tensor result = tensor;
  result.dims = dims;
  return result;
}

}  // namespace gossamer
