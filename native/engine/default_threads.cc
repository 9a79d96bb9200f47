#include <cstdlib>
#include <string>
#include <thread>

#include "engine/thread_pool.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace gossamer {
namespace {

unsigned CountCores() {
#if defined(__linux__)
  cpu_set_t allowed;  // covers 1024 CPUs; a larger machine fails the call and takes the count below
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    const int count = CPU_COUNT(&allowed);
    if (count > 0) return static_cast<unsigned>(count);
  }
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : count;
}

struct Setting {
  unsigned threads;
  std::string error;
};

Setting ReadSetting() {
  const char* text = std::getenv("GOSSAMER_THREADS");
  if (text == nullptr || *text == '\0') return {CountCores(), ""};
  const std::string digits = text;
  const bool is_number = digits.size() <= 4 && digits.find_first_not_of("0123456789") == std::string::npos;
  const int value = is_number ? std::atoi(text) : 0;
  if (value >= 1 && value <= static_cast<int>(ThreadPool::kMaxThreads)) return {static_cast<unsigned>(value), ""};
  return {CountCores(), "GOSSAMER_THREADS: expected an integer in [1, " + std::to_string(ThreadPool::kMaxThreads) +
                                "], received " + digits};
}

const Setting& Read() {
  static const Setting setting = ReadSetting();
  return setting;
}

}  // namespace

unsigned AvailableCores() {
  static const unsigned cores = CountCores();
  return cores;
}

unsigned DefaultThreads() { return Read().threads; }

const char* ThreadsError() { return Read().error.empty() ? nullptr : Read().error.c_str(); }

}  // namespace gossamer
