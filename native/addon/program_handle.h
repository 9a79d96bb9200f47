// What JavaScript holds of programs and of their states, and how arguments of calls on them are read.
#pragma once
#include <napi.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "engine/execution.h"
#include "engine/program.h"
#include "engine/state.h"

namespace gossamer {

// A run that takes less is made at once, on the thread that asks for it, where the pool has a thread to spare.
constexpr std::chrono::nanoseconds kShort = std::chrono::microseconds(200), kLong = std::chrono::hours(1);

// A program and the executions of it that nobody uses just now.
struct Compiled {
  Program program;
  std::mutex mutex;
  std::vector<std::unique_ptr<Execution>> idle;
  bool is_profiled = false;         // guarded by mutex, as what follows
  std::vector<double> nanoseconds;  // of each operator, over the runs since profiling began

  // Null where runs are not profiled.
  std::unique_ptr<std::vector<double>> NewProfile() {
    std::lock_guard<std::mutex> lock(mutex);
    return is_profiled ? std::make_unique<std::vector<double>>(program.Steps().size()) : nullptr;
  }
  void AddProfile(const std::vector<double>& profile) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!is_profiled) return;
    for (size_t i = 0; i < profile.size(); ++i) nanoseconds[i] += profile[i];
  }

  // Sizes of the inputs of the last run and how long it took.
  std::vector<double> last_header;
  std::chrono::nanoseconds last_time = kLong;

  // Whether a run of these inputs ended, the last time, sooner than another thread could be woken for it.
  bool IsShort(const Array<const double>& header) {
    std::lock_guard<std::mutex> lock(mutex);
    return last_time < kShort && last_header.size() == header.length &&
           std::equal(last_header.begin(), last_header.end(), header.data);
  }
  void SetTime(const std::vector<double>& header, std::chrono::nanoseconds time) {
    std::lock_guard<std::mutex> lock(mutex);
    if (last_header != header) last_header = header;
    last_time = time;
  }

  std::unique_ptr<Execution> Borrow() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!idle.empty()) {
        std::unique_ptr<Execution> execution = std::move(idle.back());
        idle.pop_back();
        return execution;
      }
    }
    return std::make_unique<Execution>(program);
  }
  void GiveBack(std::unique_ptr<Execution> execution) {
    std::lock_guard<std::mutex> lock(mutex);
    idle.push_back(std::move(execution));
  }
};

// What a program's External points at. The tag tells it from the Externals of others.
struct Handle {
  static constexpr uint64_t kTag = 0x676f73736d657270;
  uint64_t tag = kTag;
  std::shared_ptr<Compiled> compiled = std::make_shared<Compiled>();
  int64_t reported = 0;  // bytes of which the garbage collector knows
};

// Values carried from run to run.
struct StateHandle {
  std::shared_ptr<Compiled> compiled;
  State state;
  bool is_busy = false;  // changed on the environment's own thread only

  explicit StateHandle(std::shared_ptr<Compiled> of) : compiled(std::move(of)), state(compiled->program) {}
};

// What a state's External points at. The tag comes first, as a program's does: either may be given for the other.
struct StateHolder {
  static constexpr uint64_t kTag = 0x676f73737461746b;
  uint64_t tag = kTag;
  std::shared_ptr<StateHandle> handle;
};

// All throw ArgumentError.
Handle& HandleOf(const Napi::CallbackInfo& info, size_t index);
void RequireFinished(const Handle& handle);
// Null where the argument is undefined.
std::shared_ptr<StateHandle> StateOf(const Napi::CallbackInfo& info, size_t index);
DataType TypeOfCode(double code, const char* name);
Dims ReadDims(const double* sizes, size_t rank);

// Runs body, with what the engine throws as errors of an argument.
template <class Body>
auto Engine(const Body& body) {
  try {
    return body();
  } catch (const EngineError& error) {
    throw ArgumentError{error.code, error.message};
  }
}

}  // namespace gossamer
