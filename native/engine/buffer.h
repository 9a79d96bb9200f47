// Memory of the engine: aligned, and never more in one piece than the machine has.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

namespace gossamer {

constexpr size_t kBufferAlignment = 64;

struct BufferDelete {
  void operator()(void* data) const { ::operator delete(data, std::align_val_t(kBufferAlignment)); }
};
using Buffer = std::unique_ptr<void, BufferDelete>;

// Owns `bytes` bytes, not cleared. Throws std::bad_alloc, also above the limit: a system that promises memory it does not
// have would end the process later, where nothing can be said any more.
Buffer NewBuffer(size_t bytes);

// Bytes of the largest buffer: by default the physical memory.
void SetBufferLimit(size_t bytes);
size_t BufferLimit();

}  // namespace gossamer
