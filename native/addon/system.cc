// isaInfo(), cudaInfo() and setThreads(): what the kernels run on.
#include "addon/guard.h"
#include "addon/operations.h"
#include "cuda/driver.h"
#include "kernels/dispatch.h"

namespace gossamer {
namespace {

napi_value IsaInfo(napi_env call_env, napi_callback_info) {
  return Guard(call_env, [&]() -> napi_value {
    const Napi::Env env(call_env);
    Napi::Array available = Napi::Array::New(env);
    uint32_t count = 0;
    for (Isa isa : kAllIsas) {
      if (IsaAvailable(isa)) available.Set(count++, IsaName(isa));
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("selected", IsaName(SelectedIsa()));
    result.Set("available", available);
    result.Set("threads", ThreadPool::Process().Threads());
    return result;
  });
}

napi_value CudaInfo(napi_env call_env, napi_callback_info) {
  return Guard(call_env, [&]() -> napi_value {
    Napi::Object result = Napi::Object::New(call_env);
    result.Set("isAvailable", Cuda().is_available);
    result.Set("description", Cuda().text);
    return result;
  });
}

napi_value SetThreads(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments args(info, 0);
    const int32_t threads = args.Integer(0, "threads", 1, static_cast<int32_t>(ThreadPool::kMaxThreads));
    ThreadPool::Process().SetThreads(static_cast<unsigned>(threads));
    return info.Env().Undefined();
  });
}

}  // namespace

void RegisterSystem(Napi::Object exports) {
  Define(exports, "isaInfo", IsaInfo);
  Define(exports, "cudaInfo", CudaInfo);
  Define(exports, "setThreads", SetThreads);
}

}  // namespace gossamer
