// The face of the kernels to Node: one table of operations, each callable at once (`name`) or on the pool
// (`async.name`).
#include <napi.h>

#include <exception>
#include <new>

#include "addon/operations.h"
#include "kernels/dispatch.h"

namespace gossamer {
namespace {

struct Operation {
  const char* name;
  PrepareFn* prepare;
};

constexpr Operation kOperations[] = {
    {"quantizeTensor", PrepareQuantizeTensor},
    {"dequantizeTensor", PrepareDequantizeTensor},
    {"quantizeChannels", PrepareQuantizeChannels},
    {"minMaxTensor", PrepareMinMaxTensor},
    {"countHistogram", PrepareCountHistogram},
    {"errorStats", PrepareErrorStats},
    {"narrowFloats", PrepareNarrowFloats},
    {"widenFloats", PrepareWidenFloats},
    {"packBits", PreparePackBits},
    {"unpackBits", PrepareUnpackBits},
    {"transpose", PrepareTranspose},
    {"quantizeMatMulNBits", PrepareQuantizeMatMulNBits},
    {"quantizeBlockedWeight", PrepareQuantizeBlockedWeight},
};

// Turns what C++ throws into JavaScript errors; nothing else may leave a callback.
template <class Body>
Napi::Value Guard(const Napi::CallbackInfo& info, const Body& body) {
  const Napi::Env env = info.Env();
  try {
    return body();
  } catch (const ArgumentError& error) {
    throw MakeError(env, error.code, error.message);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw MakeError(env, "ERR_OUT_OF_MEMORY", "the kernel could not allocate its working memory");
  } catch (const std::exception& error) {
    throw MakeError(env, "ERR_INTERNAL", error.what());
  }
}

const Operation& OperationOf(const Napi::CallbackInfo& info) { return *static_cast<const Operation*>(info.Data()); }

// name(...arguments): undefined
Napi::Value Call(const Napi::CallbackInfo& info) {
  return Guard(info, [&] {
    Arguments args(info, 0);
    OperationOf(info).prepare(args)(nullptr);
    return info.Env().Undefined();
  });
}

// async.name(abort: Int32Array | undefined, ...arguments): Promise<undefined>
Napi::Value CallAsync(const Napi::CallbackInfo& info) {
  return Guard(info, [&] {
    Arguments flag(info, 0);
    std::atomic<int32_t>* abort = flag.Abort(0);
    Arguments args(info, 1);
    Work work = OperationOf(info).prepare(args);
    std::vector<napi_value> arrays = args.Arrays();
    arrays.insert(arrays.end(), flag.Arrays().begin(), flag.Arrays().end());
    return Environment::Of(info.Env()).Run(info.Env(), std::move(work), arrays, abort);
  });
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  if (const char* message = IsaError()) throw MakeError(env, "ERR_BAD_ISA", message);
  if (const char* message = ThreadsError()) throw MakeError(env, "ERR_BAD_THREADS", message);
  Environment::Start(env);
  Napi::Object async = Napi::Object::New(env);
  for (const Operation& operation : kOperations) {
    void* data = const_cast<Operation*>(&operation);
    exports.Set(operation.name, Napi::Function::New(env, Call, operation.name, data));
    async.Set(operation.name, Napi::Function::New(env, CallAsync, operation.name, data));
  }
  exports.Set("async", async);
  RegisterSystem(env, exports);
  return exports;
}

}  // namespace
}  // namespace gossamer

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return gossamer::Init(env, exports); }
NODE_API_MODULE(gossamer_native, InitAddon)
