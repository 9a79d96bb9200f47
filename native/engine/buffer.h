// Memory of the engine: aligned, with room behind it that may be read.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

namespace gossamer {

constexpr size_t kBufferAlignment = 64;

struct BufferDelete {
  void operator()(void* data) const { ::operator delete(data, std::align_val_t(kBufferAlignment)); }
};

// Owns `bytes` bytes. Throws std::bad_alloc. Not cleared.
using Buffer = std::unique_ptr<void, BufferDelete>;

inline Buffer NewBuffer(size_t bytes) {
  return Buffer(::operator new(bytes == 0 ? 1 : bytes, std::align_val_t(kBufferAlignment)));
}

}  // namespace gossamer
