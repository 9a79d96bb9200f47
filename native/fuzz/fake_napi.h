// Values of a JavaScript that is not there: enough of Node-API for the addon's argument checks to run without Node,
// under a fuzzer or with failing allocations.
#pragma once
#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gossamer {

struct FakeValue {
  enum class Kind { kUndefined, kNull, kNumber, kBoolean, kObject, kTypedArray };
  Kind kind = Kind::kUndefined;
  double number = 0;  // kNumber; kBoolean: 0 or 1
  napi_typedarray_type type = napi_uint8_array;
  void* data = nullptr;  // kTypedArray: `length` elements of `type`
  size_t length = 0;
  bool is_shared = false, is_detached = false, is_resizable = false;  // of its buffer
};

// The arguments of one call; converts to what Napi::CallbackInfo is made from. Values are not owned.
struct FakeCall {
  std::vector<FakeValue*> arguments;
  napi_callback_info Info() { return reinterpret_cast<napi_callback_info>(this); }
};

// An environment to pass along; no call looks into it.
napi_env FakeEnv();

}  // namespace gossamer
