#include "engine/buffer.h"

#include <atomic>
#include <limits>

#if defined(_WIN32)
#include <windows.h>
#else
#include <unistd.h>
#endif

namespace gossamer {
namespace {

size_t PhysicalMemory() {
#if defined(_WIN32)
  MEMORYSTATUSEX status;
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? static_cast<size_t>(status.ullTotalPhys) : std::numeric_limits<size_t>::max();
#else
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<size_t>(pages) * static_cast<size_t>(page)
                               : std::numeric_limits<size_t>::max();
#endif
}

std::atomic<size_t>& Limit() {
  static std::atomic<size_t> limit{PhysicalMemory()};
  return limit;
}

}  // namespace

Buffer NewBuffer(size_t bytes) {
  if (bytes > Limit().load(std::memory_order_relaxed)) throw std::bad_alloc();
  return Buffer(::operator new(bytes == 0 ? 1 : bytes, std::align_val_t(kBufferAlignment)));
}

void SetBufferLimit(size_t bytes) { Limit() = bytes; }
size_t BufferLimit() { return Limit().load(std::memory_order_relaxed); }

}  // namespace gossamer
