// isaInfo(), cudaInfo(), setThreads(): what the kernels run on; alignedOffset(), tuneAllocator(): the memory that they
// and others run in.
#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "addon/guard.h"
#include "addon/operations.h"
#include "cuda/driver.h"
#include "engine/buffer.h"
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

// alignedOffset(buffer: ArrayBuffer): the first byte of it at a multiple of kBufferAlignment
napi_value AlignedOffset(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    void* data = nullptr;
    size_t length = 0;
    if (napi_get_arraybuffer_info(env, info[0], &data, &length) != napi_ok) {
      throw ArgumentError{"ERR_WRONG_TYPE", "buffer: expected an ArrayBuffer, received something else"};
    }
    const size_t past = reinterpret_cast<uintptr_t>(data) % kBufferAlignment;
    return Napi::Number::New(env, static_cast<double>(past == 0 ? 0 : kBufferAlignment - past));
  });
}

// tuneAllocator(): whether the C library's allocator now keeps large blocks that are freed, for all of the process
napi_value TuneAllocator(napi_env env, napi_callback_info) {
  return Guard(env, [&]() -> napi_value {
    bool is_tuned = false;
#if defined(__GLIBC__)
    constexpr int kLargest = 1 << 30, kLargestOfSome = 1 << 25;  // glibc has had a limit for the threshold
    const bool is_kept = mallopt(M_MMAP_THRESHOLD, kLargest) == 1 || mallopt(M_MMAP_THRESHOLD, kLargestOfSome) == 1;
    is_tuned = is_kept && mallopt(M_TRIM_THRESHOLD, kLargest) == 1;
#endif
    return Napi::Boolean::New(env, is_tuned);
  });
}

}  // namespace

void RegisterSystem(Napi::Object exports) {
  Define(exports, "isaInfo", IsaInfo);
  Define(exports, "cudaInfo", CudaInfo);
  Define(exports, "setThreads", SetThreads);
  Define(exports, "alignedOffset", AlignedOffset);
  Define(exports, "tuneAllocator", TuneAllocator);
}

}  // namespace gossamer
