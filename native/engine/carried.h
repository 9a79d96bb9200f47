// A tensor that lives on from one run of a program to the next, or from one iteration of a loop to the next, in memory
// of its own.
#pragma once
#include "engine/buffer.h"
#include "engine/tensor.h"

namespace gossamer {

class RunContext;

struct Carried {
  Tensor tensor;
  Buffer buffer;
  size_t capacity = 0;  // bytes of the buffer

  bool IsSet() const { return buffer != nullptr; }

  // Copies `value`, with `slack` bytes behind it.
  void Set(const Tensor& value, size_t slack) {
    const size_t bytes = value.Bytes();
    if (!buffer || bytes + slack > capacity) {
      buffer.reset();
      capacity = 0;
      buffer = NewBuffer(bytes + slack);
      capacity = bytes + slack;
    }
    tensor = {value.type, value.dims, buffer.get()};
    value.CopyTo(tensor.data);
  }
};

// `value` with `count` parts behind it along `axis`, which fit it (engine/operators/concat.cc checks that): they are
// written where `value` has room, and where it has not it moves to memory with room for half as many positions again,
// or for no more than these where there is not so much memory. The elements of `value` and its dims stay as they are,
// so a run that does not end has changed nothing. The result is a view of value's buffer. Throws std::bad_alloc,
// Aborted.
Tensor Append(Carried& value, size_t axis, const Tensor* const* parts, size_t count, RunContext& context);

}  // namespace gossamer
