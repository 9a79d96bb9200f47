// A tensor that lives on from one run of a program to the next, or from one iteration of a loop to the next, in memory
// of its own.
#pragma once
#include <cstring>

#include "engine/buffer.h"
#include "engine/tensor.h"

namespace gossamer {

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
    tensor.type = value.type;
    tensor.dims = value.dims;
    tensor.data = buffer.get();
    if (bytes != 0) std::memcpy(tensor.data, value.data, bytes);
  }
};

}  // namespace gossamer
