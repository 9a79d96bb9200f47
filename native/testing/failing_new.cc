#include "testing/failing_new.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> is_armed{false};
std::atomic<int64_t> count{0}, fails_at{0}, live{0};

void* Allocate(std::size_t size) {
  if (is_armed.load() && ++count == fails_at.load()) throw std::bad_alloc();
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  ++live;
  return block;
}

void Free(void* block) noexcept {
  if (block != nullptr) --live;
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* block) noexcept { Free(block); }
void operator delete[](void* block) noexcept { Free(block); }
void operator delete(void* block, std::size_t) noexcept { Free(block); }
void operator delete[](void* block, std::size_t) noexcept { Free(block); }

namespace gossamer {

void FailAllocation(int64_t at) {
  count = 0;
  fails_at = at;
  is_armed = true;
}

int64_t StopFailing() {
  is_armed = false;
  return count;
}

int64_t LiveBlocks() { return live; }

}  // namespace gossamer
