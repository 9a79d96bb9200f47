#include "addon/environment.h"

#include <algorithm>
#include <new>

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
  std::vector<napi_ref> references;
  napi_deferred deferred = nullptr;
  std::atomic<int32_t> own_abort{0};
  std::atomic<int32_t>* abort = nullptr;
  Outcome outcome = Outcome::kFailed;
  std::string code, message;

  void Compute() {
    try {
      outcome = work(abort) ? Outcome::kDone : Outcome::kAborted;
    } catch (const std::bad_alloc&) {
      code = "ERR_OUT_OF_MEMORY";
      message = "the kernel could not allocate its working memory";
    } catch (const std::exception& error) {
      code = "ERR_INTERNAL";
      message = error.what();
    }
  }
};

// What threads of the pool share with the environment's own thread.
struct Environment::Board {
  std::mutex mutex;
  std::condition_variable idle;
  size_t running = 0;
  bool closing = false;
  std::vector<Job*> finished;
  napi_threadsafe_function wake = nullptr;
};

Napi::Error MakeError(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

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

Napi::Value Environment::Run(Napi::Env env, Work work, const std::vector<napi_value>& arrays,
                             std::atomic<int32_t>* abort) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->abort = abort != nullptr ? abort : &job->own_abort;
  napi_value promise;
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok) throw Napi::Error::New(env);
  for (napi_value array : arrays) {
    napi_ref reference;
    if (napi_create_reference(env, array, 1, &reference) != napi_ok) {
      for (napi_ref held : job->references) napi_delete_reference(env, held);
      throw Napi::Error::New(env);
    }
    job->references.push_back(reference);
  }
  if (jobs_.empty()) napi_ref_threadsafe_function(env, wake_);
  Job* started = job.get();
  jobs_.push_back(std::move(job));
  {
    std::lock_guard<std::mutex> lock(board_->mutex);
    ++board_->running;
  }
  const auto finish = [board = board_, started] {
    std::lock_guard<std::mutex> lock(board->mutex);
    board->finished.push_back(started);
    --board->running;
    if (!board->closing) napi_call_threadsafe_function(board->wake, nullptr, napi_tsfn_nonblocking);
    board->idle.notify_all();
  };
  try {
    ThreadPool::Process().Submit([started, finish] {
      started->Compute();
      finish();
    });
  } catch (const std::exception& error) {
    started->code = "ERR_NO_THREAD";
    started->message = error.what();
    finish();
  }
  return Napi::Value(env, promise);
}

void Environment::OnWake(napi_env env, napi_value, void* context, void*) {
  if (env != nullptr) static_cast<Environment*>(context)->Settle();
}

// By the C interface, which throws nothing: when the environment is about to end, no call into it succeeds.
void Environment::Settle() {
  std::vector<Job*> finished;
  {
    std::lock_guard<std::mutex> lock(board_->mutex);
    finished.swap(board_->finished);
  }
  for (Job* job : finished) {
    for (napi_ref reference : job->references) napi_delete_reference(env_, reference);
    napi_value value = nullptr;
    if (job->outcome == Outcome::kDone) {
      napi_get_undefined(env_, &value);
      napi_resolve_deferred(env_, job->deferred, value);
    } else {
      const bool aborted = job->outcome == Outcome::kAborted;
      const std::string code = aborted ? "ERR_ABORTED" : job->code;
      const std::string message = aborted ? "the operation was aborted" : job->message;
      napi_value code_value = nullptr, message_value = nullptr;
      napi_create_string_utf8(env_, code.c_str(), code.size(), &code_value);
      napi_create_string_utf8(env_, message.c_str(), message.size(), &message_value);
      if (napi_create_error(env_, code_value, message_value, &value) == napi_ok) {
        napi_reject_deferred(env_, job->deferred, value);
      }
    }
    jobs_.remove_if([job](const std::unique_ptr<Job>& other) { return other.get() == job; });
  }
  if (jobs_.empty() && !finished.empty()) napi_unref_threadsafe_function(env_, wake_);
}

}  // namespace gossamer
