// isaInfo() and setThreads(): what the kernels run on.
#include <napi.h>

#include "addon/operations.h"
#include "kernels/dispatch.h"

namespace gossamer {
namespace {

Napi::Value IsaInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
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
}

Napi::Value SetThreads(const Napi::CallbackInfo& info) {
  try {
    Arguments args(info, 0);
    const int32_t threads = args.Integer(0, "threads", 1, static_cast<int32_t>(ThreadPool::kMaxThreads));
    ThreadPool::Process().SetThreads(static_cast<unsigned>(threads));
  } catch (const ArgumentError& error) {
    throw MakeError(info.Env(), error.code, error.message);
  }
  return info.Env().Undefined();
}

}  // namespace

void RegisterSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("isaInfo", Napi::Function::New(env, IsaInfo, "isaInfo"));
  exports.Set("setThreads", Napi::Function::New(env, SetThreads, "setThreads"));
}

}  // namespace gossamer
