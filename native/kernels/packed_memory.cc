#include "kernels/packed_memory.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace gossamer {
namespace {

constexpr size_t kAlignment = 64, kLargePage = size_t{2} << 20, kBlockBytes = 8 * kLargePage;

class Block {
 public:
  explicit Block(size_t bytes) : bytes_(bytes), data_(::operator new(bytes, std::align_val_t(kLargePage))) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    madvise(data_, bytes, MADV_HUGEPAGE);  // advice: where it is not taken, the pages are small
#endif
  }
  ~Block() { ::operator delete(data_, std::align_val_t(kLargePage)); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  size_t Left() const { return bytes_ - used_; }
  int8_t* Take(size_t bytes) {
    int8_t* const part = static_cast<int8_t*>(data_) + used_;
    used_ += bytes;
    return part;
  }

 private:
  size_t bytes_, used_ = 0;
  void* data_;
};

size_t RoundUp(size_t bytes, size_t unit) {
  if (bytes > std::numeric_limits<size_t>::max() - unit) throw std::bad_alloc();
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

PackedMemory NewPackedMemory(size_t bytes) {
  static std::mutex mutex;
  static std::weak_ptr<Block> latest;  // freed with its last part, also when nothing new is packed
  bytes = RoundUp(std::max<size_t>(bytes, 1), kAlignment);
  const std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Block> block = latest.lock();
  if (block == nullptr || block->Left() < bytes) {
    block = std::make_shared<Block>(std::max(kBlockBytes, RoundUp(bytes, kLargePage)));
    latest = block;
  }
  int8_t* const part = block->Take(bytes);
  return PackedMemory(std::move(block), part);
}

}  // namespace gossamer
