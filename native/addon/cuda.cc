// Products with weights that stay on the GPU. Typed and documented in index.d.ts.
#include <memory>
#include <utility>

#include "addon/environment.h"
#include "addon/guard.h"
#include "addon/operations.h"
#include "cuda/weights.h"
#include "engine/tensor.h"

namespace gossamer {
namespace {

// What the External of weights points at; of the two one is there, none once it was freed. The tag tells it from the
// Externals of others.
struct WeightsHandle {
  static constexpr uint64_t kTag = 0x676f737363756461;
  uint64_t tag = kTag;
  std::shared_ptr<const CudaI8Weights> i8;
  std::shared_ptr<const CudaNbits4Weights> nbits;
  int64_t reported = 0;  // bytes of which the garbage collector knows: it is to hurry for those of the device too
};

void Report(napi_env env, WeightsHandle& handle, int64_t bytes) {
  int64_t total;
  napi_adjust_external_memory(env, bytes - handle.reported, &total);
  handle.reported = bytes;
}

void Finalize(napi_env env, void* data, void*) {
  const std::unique_ptr<WeightsHandle> handle(static_cast<WeightsHandle*>(data));
  Report(env, *handle, 0);
}

WeightsHandle& HandleOf(const Napi::CallbackInfo& info, size_t index) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (info.Length() > index) napi_typeof(info.Env(), info[index], &type);
  if (type == napi_external) napi_get_value_external(info.Env(), info[index], &data);
  auto* handle = static_cast<WeightsHandle*>(data);
  if (handle == nullptr || handle->tag != WeightsHandle::kTag) {
    throw ArgumentError{"ERR_WRONG_TYPE", "weights: expected some of the GPU, received another value"};
  }
  return *handle;
}

template <class Weights>
std::shared_ptr<const Weights> Open(const std::shared_ptr<const Weights>& weights) {
  if (weights) return weights;
  throw ArgumentError{"ERR_CUDA_DISPOSED", "weights: expected some that are open and of this kind, received others"};
}

// Runs upload(handle) on the pool; the promise gives the External.
template <class UploadFn>
napi_value RunUpload(napi_env env, Arguments& args, std::atomic<int32_t>* abort, const std::vector<napi_value>& flag,
                     UploadFn upload) {
  auto made = std::make_shared<std::unique_ptr<WeightsHandle>>(std::make_unique<WeightsHandle>());
  std::vector<napi_value> arrays = args.Arrays();
  arrays.insert(arrays.end(), flag.begin(), flag.end());
  Work work = [made, upload = std::move(upload)](AbortFlag stop) {
    if (IsAborted(stop)) return false;
    upload(**made);
    return true;
  };
  return Environment::Of(env).Run(env, std::move(work), arrays, abort, [made](napi_env result_env) {
    WeightsHandle& handle = **made;
    napi_value external;
    const napi_status status = napi_create_external(result_env, &handle, Finalize, nullptr, &external);
    if (status != napi_ok) throw Napi::Error::New(result_env);
    made->release();
    Report(result_env, handle, static_cast<int64_t>(handle.i8 ? handle.i8->Bytes() : handle.nbits->Bytes()));
    return external;
  });
}

// uploadI8(abort, w: Int8Array, n, k, format): Promise<External>
napi_value UploadI8Weights(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments flag(info, 0);
    std::atomic<int32_t>* abort = flag.Abort(0);
    Arguments args(info, 1);
    const Array<const uint8_t> w = args.InBytes(0, "w");
    const size_t n = args.Size(1, "n"), k = args.Size(2, "k");
    RequireLength("w", w.length, Product("w", n, k));
    const auto format = static_cast<CudaFormat>(args.Integer(3, "format", 0, 2));
    return RunUpload(env, args, abort, flag.Arrays(), [=](WeightsHandle& handle) {
      handle.i8 = UploadI8(reinterpret_cast<const int8_t*>(w.data), n, k, format);
    });
  });
}

// uploadNbits4(abort, codes, scales, zeroPoints | undefined, n, k, blockSize): Promise<External>
napi_value UploadNbits4Weights(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments flag(info, 0);
    std::atomic<int32_t>* abort = flag.Abort(0);
    Arguments args(info, 1);
    const Array<const uint8_t> codes = args.InBytes(0, "codes");
    const Array<const float> scales = args.In<float>(1, "scales");
    const bool has_zeros = !args.IsMissing(2);
    const Array<const uint8_t> zeros = has_zeros ? args.InBytes(2, "zeroPoints") : Array<const uint8_t>{nullptr, 0};
    const size_t n = args.Size(3, "n"), k = args.Size(4, "k");
    const size_t block_size = static_cast<size_t>(args.Integer(5, "blockSize", 2, 1 << 16));
    if (block_size % 2 != 0) throw ArgumentError{"ERR_BAD_OPTION", "blockSize: expected an even number"};
    const size_t blocks = k / block_size + (k % block_size != 0 ? 1 : 0);
    RequireLength("codes", codes.length, Product("codes", n, blocks, block_size / 2));
    RequireLength("scales", scales.length, Product("scales", n, blocks));
    if (has_zeros) RequireLength("zeroPoints", zeros.length, Product("zeroPoints", n, (blocks + 1) / 2));
    return RunUpload(env, args, abort, flag.Arrays(), [=](WeightsHandle& handle) {
      static constexpr uint8_t kNone = 0;  // an empty array may have no address, which would mean that there are none
      const uint8_t* zero_points = zeros.length == 0 ? &kNone : zeros.data;
      if (!has_zeros) zero_points = nullptr;
      handle.nbits = std::make_shared<CudaNbits4Weights>(codes.data, scales.data, zero_points, n, k, block_size);
    });
  });
}

// Runs weights->Multiply(x, m, y) on the pool.
template <class Weights, class X, class Y>
napi_value RunProduct(napi_env env, Arguments& args, std::atomic<int32_t>* abort, const std::vector<napi_value>& flag,
                      std::shared_ptr<const Weights> weights, const X* x, size_t m, Y* y) {
  std::vector<napi_value> arrays = args.Arrays();
  arrays.insert(arrays.end(), flag.begin(), flag.end());
  Work work = [weights = std::move(weights), x, m, y](AbortFlag stop) {
    if (IsAborted(stop)) return false;
    weights->Multiply(x, m, y);
    return true;
  };
  return Environment::Of(env).Run(env, std::move(work), arrays, abort);
}

// multiplyI8(abort, weights, m, x: Uint8Array, y: Int32Array): Promise<undefined>
napi_value MultiplyI8(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments flag(info, 0);
    std::atomic<int32_t>* abort = flag.Abort(0);
    const std::shared_ptr<const CudaI8Weights> weights = Open(HandleOf(info, 1).i8);
    Arguments args(info, 2);
    const size_t m = args.Size(0, "m");
    const Array<const uint8_t> x = args.InBytes(1, "x");
    RequireLength("x", x.length, Product("x", m, weights->K()));
    const Array<int32_t> y = args.Out<int32_t>(2, "y", Product("y", m, weights->N()));
    return RunProduct(env, args, abort, flag.Arrays(), weights, x.data, m, y.data);
  });
}

// multiplyNbits4(abort, weights, m, x: Float32Array, y: Float32Array): Promise<undefined>
napi_value MultiplyNbits4(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    Arguments flag(info, 0);
    std::atomic<int32_t>* abort = flag.Abort(0);
    const std::shared_ptr<const CudaNbits4Weights> weights = Open(HandleOf(info, 1).nbits);
    Arguments args(info, 2);
    const size_t m = args.Size(0, "m");
    const Array<const float> x = args.In<float>(1, "x");
    RequireLength("x", x.length, Product("x", m, weights->K()));
    const Array<float> y = args.Out<float>(2, "y", Product("y", m, weights->N()));
    return RunProduct(env, args, abort, flag.Arrays(), weights, x.data, m, y.data);
  });
}

// free(weights): their memory goes with the last product in flight
napi_value Free(napi_env env, napi_callback_info call) {
  return Guard(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, call);
    WeightsHandle& handle = HandleOf(info, 0);
    handle.i8.reset();
    handle.nbits.reset();
    Report(env, handle, 0);
    return info.Env().Undefined();
  });
}

// memory(): { free, total }
napi_value Memory(napi_env env, napi_callback_info) {
  return Guard(env, [&]() -> napi_value {
    try {
      const CudaMemory memory = AskCudaMemory();
      Napi::Object result = Napi::Object::New(env);
      result.Set("free", static_cast<double>(memory.free));
      result.Set("total", static_cast<double>(memory.total));
      return result;
    } catch (const EngineError& error) {
      throw ArgumentError{error.code, error.message};
    }
  });
}

}  // namespace

void RegisterCuda(Napi::Object cuda) {
  Define(cuda, "uploadI8", UploadI8Weights);
  Define(cuda, "uploadNbits4", UploadNbits4Weights);
  Define(cuda, "multiplyI8", MultiplyI8);
  Define(cuda, "multiplyNbits4", MultiplyNbits4);
  Define(cuda, "free", Free);
  Define(cuda, "memory", Memory);
}

}  // namespace gossamer
