// What the addon keeps for one Node environment (the main thread or one worker thread), and the asynchronous calls in
// flight.
#pragma once
#include <napi.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/thread_pool.h"

namespace gossamer {

// The computation of one call with its arguments bound. False: it stopped because the flag was set.
using Work = std::function<bool(AbortFlag)>;
inline bool IsAborted(AbortFlag abort) { return abort != nullptr && abort->load() != 0; }
// What a call gives once its work is done, made on the environment's own thread; empty: undefined.
using Result = std::function<napi_value(napi_env)>;

class Environment {
 public:
  // Made when the addon is loaded into `env`; ends with it.
  static void Start(Napi::Env env);
  static Environment& Of(Napi::Env env);

  explicit Environment(Napi::Env env);

  // Whether an ArrayBuffer or SharedArrayBuffer may change its length (or cannot be asked). Asks the built-in accessors
  // as they were at load.
  bool IsResizable(napi_value buffer, bool is_shared) const;

  // Runs `work` on the pool and settles the promise on this thread. Until then it holds `arrays`. `abort` may be null;
  // it must stay valid while `arrays` are held.
  napi_value Run(napi_env env, Work work, const std::vector<napi_value>& arrays, std::atomic<int32_t>* abort,
                 Result result = nullptr);

 private:
  struct Job;
  struct Board;

  static void OnWake(napi_env env, napi_value callback, void* context, void* data);
  static void OnCleanup(void* self);
  void Settle();

  napi_ref resizable_, growable_;  // accessors of ArrayBuffer and SharedArrayBuffer; null where there are none
  std::shared_ptr<Board> board_;   // outlives this while a thread of the pool still holds it
  std::list<std::unique_ptr<Job>> jobs_;
  napi_threadsafe_function wake_ = nullptr;
  napi_env env_;
};

}  // namespace gossamer
