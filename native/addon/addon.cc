// The face of the kernels to Node: one table of operations, each callable at once (`name`) or on the pool (`async.name`),
// and one of those for the GPU (`cuda.name`, on the pool).
#include <napi.h>

#include "addon/guard.h"
#include "addon/operations.h"
#include "addon/program.h"
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
    {"predictInt8", PreparePredictInt8},
    {"peakLoop", PreparePeakLoop},
    {"readLoop", PrepareReadLoop},
    {"optimizerStep", PrepareOptimizerStep},
    {"scaleInPlace", PrepareScaleInPlace},
    {"addInto", PrepareAddInto},
    {"sumOfSquares", PrepareSumOfSquares},
    {"addGram", PrepareAddGram},
    {"factorMatrix", PrepareFactorMatrix},
    {"followInputs", PrepareFollowInputs},
    {"outputError", PrepareOutputError},
    {"solveColumns", PrepareSolveColumns},
    {"solveRows", PrepareSolveRows},
    {"refineRows", PrepareRefineRows},
    {"decodeTensor", PrepareDecodeTensor},
};

constexpr Operation kCudaOperations[] = {
    {"quantizeTensor", PrepareQuantizeTensorCuda},
    {"dequantizeTensor", PrepareDequantizeTensorCuda},
    {"countHistogram", PrepareCountHistogramCuda},
};

const Operation& OperationOf(const Napi::CallbackInfo& info) { return *static_cast<const Operation*>(info.Data()); }

// name(...arguments): undefined
napi_value Call(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments args(info, 0);
    OperationOf(info).prepare(args)(nullptr);
    return info.Env().Undefined();
  });
}

// async.name and cuda.name(abort: Int32Array | undefined, ...arguments): Promise<undefined>
napi_value CallAsync(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments flag(info, 0);
    std::atomic<int32_t>* abort = flag.Abort(0);
    Arguments args(info, 1);
    Work work = OperationOf(info).prepare(args);
    std::vector<napi_value> arrays = args.Arrays();
    arrays.insert(arrays.end(), flag.Arrays().begin(), flag.Arrays().end());
    return Environment::Of(env).Run(env, std::move(work), arrays, abort);
  });
}

napi_value Init(Napi::Env env, Napi::Object exports) {
  if (const char* message = IsaError()) throw ArgumentError{"ERR_BAD_ISA", message};
  if (const char* message = ThreadsError()) throw ArgumentError{"ERR_BAD_THREADS", message};
  Environment::Start(env);
  Napi::Object async = Napi::Object::New(env);
  for (const Operation& operation : kOperations) {
    void* data = const_cast<Operation*>(&operation);
    Define(exports, operation.name, Call, data);
    Define(async, operation.name, CallAsync, data);
  }
  exports.Set("async", async);
  Napi::Object cuda = Napi::Object::New(env);
  for (const Operation& operation : kCudaOperations) {
    Define(cuda, operation.name, CallAsync, const_cast<Operation*>(&operation));
  }
  RegisterCuda(cuda);
  exports.Set("cuda", cuda);
  RegisterSystem(exports);
  RegisterPrograms(exports);
  RegisterProgramRuns(exports);
  return exports;
}

}  // namespace
}  // namespace gossamer

NAPI_MODULE_INIT() {
  return gossamer::Guard(env, [&] { return gossamer::Init(env, Napi::Object(env, exports)); });
}
