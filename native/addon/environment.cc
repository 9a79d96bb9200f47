#include "addon/environment.h"

#include <algorithm>
#include <new>

#include "addon/guard.h"
#include "engine/tensor.h"

namespace gossamer {
namespace {

// Environments alive in this process; the last one to end stops the pool, because its code may be unloaded then.
std::mutex environments_mutex;
int environments = 0;

napi_ref Getter(Napi::Env env, const char* type, const char* property) {
  const Napi::Object prototype = env.Global().Get(type).As<Napi::Object>().Get("prototype").As<Napi::Object>();
  const Napi::Object object = env.Global().Get("Object").As<Napi::Object>();
  const Napi::Value descriptor = object.Get("getOwnPropertyDescriptor")
                                     .As<Napi::Function>()
                                     .Call(object, {prototype, Napi::String::New(env, property)});
  napi_ref reference = nullptr;
  if (!descriptor.IsObject()) return reference;
  napi_create_reference(env, descriptor.As<Napi::Object>().Get("get"), 1, &reference);
  return reference;
}

enum class Outcome { kDone, kAborted, kFailed };

}  // namespace

struct Environment::Job {
  Work work;
  Result result;
  std::vector<napi_ref> references;
  napi_deferred deferred = nullptr;
  std::atomic<int32_t> own_abort{0};
  std::atomic<int32_t>* abort = nullptr;
  Outcome outcome = Outcome::kFailed;
  std::string code = "ERR_INTERNAL";  // short: needs no memory of its own
  std::string message;
  bool is_out_of_memory = false;
  Job* next_finished = nullptr;

  void Compute() noexcept {
    try {
      outcome = work(abort) ? Outcome::kDone : Outcome::kAborted;
    } catch (...) {
      Fail("ERR_INTERNAL");
    }
  }

  // Keeps the exception that is being handled.
  void Fail(const char* with_code) noexcept {
    code = with_code;
    try {
      try {
        throw;
      } catch (const EngineError& error) {
        code = error.code;
        message = error.message;
      } catch (const std::exception& error) {
        is_out_of_memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
        if (!is_out_of_memory) message = error.what();
      } catch (...) {
        message = "an exception of an unknown kind";
      }
    } catch (const std::bad_alloc&) {
      is_out_of_memory = true;  // there was none for the message
    }
  }

  // The value that the call gives; on failure the outcome changes.
  napi_value MakeResult(napi_env env) noexcept {
    napi_value value = nullptr;
    try {
      if (result) {
        value = result(env);
      } else {
        napi_get_undefined(env, &value);
      }
    } catch (...) {
      outcome = Outcome::kFailed;
      Fail("ERR_INTERNAL");
    }
    return value;
  }

  const char* Code() const {
    if (outcome == Outcome::kAborted) return "ERR_ABORTED";
    return is_out_of_memory ? "ERR_OUT_OF_MEMORY" : code.c_str();
  }
  const char* Message() const {
    if (outcome == Outcome::kAborted) return "the operation was aborted";
    return is_out_of_memory ? kNoMemory : message.c_str();
  }
};

// What threads of the pool share with the environment's own thread.
struct Environment::Board {
  std::mutex mutex;
  std::condition_variable idle;
  size_t running = 0;
  bool closing = false;
  Job *first_finished = nullptr, *last_finished = nullptr;  // a list through the jobs: to end one needs no memory
  napi_threadsafe_function wake = nullptr;

  void Finish(Job* job) noexcept {
    std::lock_guard<std::mutex> lock(mutex);
    (last_finished != nullptr ? last_finished->next_finished : first_finished) = job;
    last_finished = job;
    --running;
    if (!closing) napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking);
    idle.notify_all();
  }
};

void Environment::Start(Napi::Env env) { env.SetInstanceData<Environment>(new Environment(env)); }

Environment& Environment::Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

Environment::Environment(Napi::Env env)
    : resizable_(Getter(env, "ArrayBuffer", "resizable")),
      growable_(Getter(env, "SharedArrayBuffer", "growable")),
      board_(std::make_shared<Board>()),
      env_(env) {
  const Napi::String name = Napi::String::New(env, "gossamer");
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, OnWake, &wake_);
  if (status != napi_ok) throw Napi::Error::New(env, "gossamer: cannot create a thread-safe function");
  napi_unref_threadsafe_function(env, wake_);  // an idle addon keeps no process alive
  board_->wake = wake_;
  // Hooks run last-in first-out, so this one comes before Node closes the thread-safe function.
  napi_add_env_cleanup_hook(env, OnCleanup, this);
  std::lock_guard<std::mutex> lock(environments_mutex);
  ++environments;
}

void Environment::OnCleanup(void* self) {
  Environment& environment = *static_cast<Environment*>(self);
  {
    std::unique_lock<std::mutex> lock(environment.board_->mutex);
    environment.board_->closing = true;
    for (const auto& job : environment.jobs_) job->abort->store(1);
    environment.board_->idle.wait(lock, [&] { return environment.board_->running == 0; });
  }
  for (const auto& job : environment.jobs_) {
    for (napi_ref reference : job->references) napi_delete_reference(environment.env_, reference);
  }
  environment.jobs_.clear();
  for (napi_ref getter : {environment.resizable_, environment.growable_}) {
    if (getter != nullptr) napi_delete_reference(environment.env_, getter);
  }
  std::lock_guard<std::mutex> lock(environments_mutex);
  if (--environments == 0) ThreadPool::Process().Shutdown();
}

bool Environment::IsResizable(napi_value buffer, bool is_shared) const {
  const napi_ref getter = is_shared ? growable_ : resizable_;
  if (getter == nullptr) return false;  // an engine without such buffers
  napi_value function, result;
  bool is_resizable = true;
  if (napi_get_reference_value(env_, getter, &function) != napi_ok) return true;
  if (napi_call_function(env_, buffer, function, 0, nullptr, &result) != napi_ok) return true;
  return napi_get_value_bool(env_, result, &is_resizable) != napi_ok || is_resizable;
}

napi_value Environment::Run(napi_env env, Work work, const std::vector<napi_value>& arrays,
                            std::atomic<int32_t>* abort, Result result) {
  // All that needs memory of ours comes first: from the promise on nothing is thrown that would leave half a call
  // behind.
  std::list<std::unique_ptr<Job>> made;
  made.push_back(std::make_unique<Job>());
  Job* job = made.back().get();
  job->work = std::move(work);
  job->result = std::move(result);
  job->abort = abort != nullptr ? abort : &job->own_abort;
  job->references.reserve(arrays.size());
  std::function<void()> task = [job, board = board_] {
    job->Compute();
    board->Finish(job);
  };
  for (napi_value array : arrays) {
    napi_ref reference;
    if (napi_create_reference(env, array, 1, &reference) != napi_ok) {
      for (napi_ref held : job->references) napi_delete_reference(env, held);
      throw Napi::Error::New(env);
    }
    job->references.push_back(reference);
  }
  napi_value promise;
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok) {
    for (napi_ref held : job->references) napi_delete_reference(env, held);
    throw Napi::Error::New(env);
  }
  if (jobs_.empty()) napi_ref_threadsafe_function(env, wake_);
  jobs_.splice(jobs_.end(), made);
  {
    std::lock_guard<std::mutex> lock(board_->mutex);
    ++board_->running;
  }
  try {
    ThreadPool::Process().Submit(std::move(task));
  } catch (...) {
    job->Fail("ERR_NO_THREAD");
    board_->Finish(job);
  }
  return promise;
}

void Environment::OnWake(napi_env env, napi_value, void* context, void*) {
  if (env != nullptr) static_cast<Environment*>(context)->Settle();
}

// By the C interface, which throws nothing: when the environment is about to end, no call into it succeeds.
void Environment::Settle() {
  Job* finished;
  {
    std::lock_guard<std::mutex> lock(board_->mutex);
    finished = board_->first_finished;
    board_->first_finished = board_->last_finished = nullptr;
  }
  if (finished == nullptr) return;
  while (finished != nullptr) {
    Job* job = finished;
    finished = job->next_finished;
    for (napi_ref reference : job->references) napi_delete_reference(env_, reference);
    napi_value value = nullptr;
    if (job->outcome == Outcome::kDone) value = job->MakeResult(env_);
    if (job->outcome == Outcome::kDone) {
      napi_resolve_deferred(env_, job->deferred, value);
    } else {
      napi_value code = nullptr, message = nullptr;
      napi_create_string_utf8(env_, job->Code(), NAPI_AUTO_LENGTH, &code);
      napi_create_string_utf8(env_, job->Message(), NAPI_AUTO_LENGTH, &message);
      if (napi_create_error(env_, code, message, &value) == napi_ok) {
        napi_reject_deferred(env_, job->deferred, value);
      }
    }
    jobs_.remove_if([job](const std::unique_ptr<Job>& other) { return other.get() == job; });
  }
  if (jobs_.empty()) napi_unref_threadsafe_function(env_, wake_);
}

}  // namespace gossamer
