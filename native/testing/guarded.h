// Arrays that end (or begin) at the edge of accessible memory, so that a kernel that touches one byte too many crashes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#if !defined(_WIN32)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace gossamer {

enum class Edge { kFront, kBack };

// `count` elements of T, the first at the start of a page (kFront) or the last at the end of one (kBack), between two
// pages that may not be touched. `misalignment` bytes move the array inward. Plain memory on Windows.
template <class T>
class Guarded {
 public:
  Guarded(size_t count, Edge edge, size_t misalignment = 0) : count_(count) {
    const size_t bytes = count * sizeof(T) + misalignment;
#if defined(_WIN32)
    storage_.resize(bytes + 1);
    data_ = reinterpret_cast<T*>(storage_.data() + misalignment);
#else
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t inside = (bytes + page - 1) / page * page + (bytes == 0 ? page : 0);
    length_ = inside + 2 * page;
    base_ = static_cast<uint8_t*>(mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_, page, PROT_NONE);
    mprotect(base_ + page + inside, page, PROT_NONE);
    uint8_t* first = edge == Edge::kFront ? base_ + page + misalignment : base_ + page + inside - bytes;
    data_ = reinterpret_cast<T*>(first);
#endif
  }
  Guarded(const std::vector<T>& values, Edge edge, size_t misalignment = 0)
      : Guarded(values.size(), edge, misalignment) {
    if (!values.empty()) std::memcpy(static_cast<void*>(data_), values.data(), values.size() * sizeof(T));
  }
  ~Guarded() {
#if !defined(_WIN32)
    munmap(base_, length_);
#endif
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  T* data() { return data_; }
  size_t size() const { return count_; }
  std::vector<T> Copy() const {
    std::vector<T> copy(count_);
    if (count_ > 0) std::memcpy(static_cast<void*>(copy.data()), data_, count_ * sizeof(T));
    return copy;
  }

 private:
  size_t count_;
  T* data_ = nullptr;
#if defined(_WIN32)
  std::vector<uint8_t> storage_;
#else
  uint8_t* base_ = nullptr;
  size_t length_ = 0;
#endif
};

}  // namespace gossamer
