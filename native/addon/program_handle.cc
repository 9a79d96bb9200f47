#include "addon/program_handle.h"

namespace gossamer {

Handle& HandleOf(const Napi::CallbackInfo& info, size_t index) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (info.Length() > index) napi_typeof(info.Env(), info[index], &type);
  if (type == napi_external) napi_get_value_external(info.Env(), info[index], &data);
  Handle* handle = static_cast<Handle*>(data);
  if (handle == nullptr || handle->tag != Handle::kTag) {
    throw ArgumentError{"ERR_WRONG_TYPE", "program: expected one made by createProgram, received another value"};
  }
  if (!handle->compiled) throw ArgumentError{"ERR_ENGINE_PROGRAM", "program: expected an open one, received a closed one"};
  return *handle;
}

void RequireFinished(const Handle& handle) {
  if (handle.compiled->program.IsFinished()) return;
  throw ArgumentError{"ERR_ENGINE_PROGRAM", "program: expected a finished one, received one that is being built"};
}

std::shared_ptr<StateHandle> StateOf(const Napi::CallbackInfo& info, size_t index) {
  napi_valuetype type = napi_undefined;
  if (info.Length() > index) napi_typeof(info.Env(), info[index], &type);
  if (type == napi_undefined) return nullptr;
  void* data = nullptr;
  if (type == napi_external) napi_get_value_external(info.Env(), info[index], &data);
  const auto* holder = static_cast<const StateHolder*>(data);
  if (holder == nullptr || holder->tag != StateHolder::kTag) {
    throw ArgumentError{"ERR_WRONG_TYPE", "state: expected one made by createState, received another value"};
  }
  return holder->handle;
}

DataType TypeOfCode(double code, const char* name) {
  if (!(code >= 0 && code < static_cast<double>(kDataTypes)) || code != static_cast<int>(code)) {
    throw ArgumentError{"ERR_ENGINE_TYPE", std::string(name) + ": expected a code of a data type, received another number"};
  }
  return static_cast<DataType>(static_cast<int>(code));
}

Dims ReadDims(const double* sizes, size_t rank) {
  Dims dims;
  for (size_t i = 0; i < rank; ++i) {
    if (!(sizes[i] >= 0 && sizes[i] <= 9007199254740991.0) || sizes[i] != static_cast<double>(static_cast<int64_t>(sizes[i]))) {
      throw ArgumentError{"ERR_ENGINE_SHAPE", "dims: expected whole numbers of 0 or more"};
    }
    dims.Append(static_cast<int64_t>(sizes[i]));
  }
  return dims;
}

}  // namespace gossamer
