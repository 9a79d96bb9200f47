#include "fuzz/fake_napi.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "addon/environment.h"

using gossamer::FakeCall;
using gossamer::FakeValue;

namespace {

FakeValue& Of(napi_value value) { return *reinterpret_cast<FakeValue*>(value); }
FakeValue undefined_value;

[[noreturn]] void Unexpected(const char* name) {
  std::fprintf(stderr, "%s: expected no call of it while arguments are read, received one\n", name);
  std::abort();
}

}  // namespace

namespace gossamer {

napi_env FakeEnv() { return reinterpret_cast<napi_env>(&undefined_value); }

// Of the environment only this question is asked; it has no state here.
Environment& Environment::Of(Napi::Env) {
  alignas(Environment) static unsigned char storage[sizeof(Environment)];
  return *reinterpret_cast<Environment*>(storage);
}

bool Environment::IsResizable(napi_value buffer, bool) const { return ::Of(buffer).is_resizable; }

}  // namespace gossamer

extern "C" {

napi_status napi_get_cb_info(napi_env, napi_callback_info info, size_t* argc, napi_value* argv, napi_value* self,
                             void** data) {
  const FakeCall& call = *reinterpret_cast<FakeCall*>(info);
  const size_t room = *argc;
  for (size_t i = 0; i < room; ++i) {
    FakeValue* value = i < call.arguments.size() ? call.arguments[i] : &undefined_value;
    argv[i] = reinterpret_cast<napi_value>(value);
  }
  *argc = call.arguments.size();
  if (self != nullptr) *self = nullptr;
  if (data != nullptr) *data = nullptr;
  return napi_ok;
}

napi_status napi_get_undefined(napi_env, napi_value* result) {
  *result = reinterpret_cast<napi_value>(&undefined_value);
  return napi_ok;
}

napi_status napi_typeof(napi_env, napi_value value, napi_valuetype* result) {
  switch (Of(value).kind) {
    case FakeValue::Kind::kUndefined: *result = napi_undefined; break;
    case FakeValue::Kind::kNull: *result = napi_null; break;
    case FakeValue::Kind::kNumber: *result = napi_number; break;
    case FakeValue::Kind::kBoolean: *result = napi_boolean; break;
    default: *result = napi_object;
  }
  return napi_ok;
}

napi_status napi_is_typedarray(napi_env, napi_value value, bool* result) {
  *result = Of(value).kind == FakeValue::Kind::kTypedArray;
  return napi_ok;
}

// An array stands for its own buffer.
napi_status napi_get_typedarray_info(napi_env, napi_value value, napi_typedarray_type* type, size_t* length,
                                     void** data, napi_value* buffer, size_t* byte_offset) {
  const FakeValue& array = Of(value);
  *type = array.type;
  *length = array.is_detached ? 0 : array.length;
  *data = array.is_detached ? nullptr : array.data;
  *buffer = value;
  *byte_offset = 0;
  return napi_ok;
}

napi_status napi_is_arraybuffer(napi_env, napi_value value, bool* result) {
  *result = !Of(value).is_shared;
  return napi_ok;
}

napi_status napi_is_detached_arraybuffer(napi_env, napi_value value, bool* result) {
  *result = Of(value).is_detached;
  return napi_ok;
}

napi_status napi_is_array(napi_env, napi_value, bool* result) {
  *result = false;
  return napi_ok;
}

napi_status napi_is_dataview(napi_env, napi_value, bool* result) {
  *result = false;
  return napi_ok;
}

napi_status napi_get_value_double(napi_env, napi_value value, double* result) {
  if (Of(value).kind != FakeValue::Kind::kNumber) return napi_number_expected;
  *result = Of(value).number;
  return napi_ok;
}

napi_status napi_get_value_bool(napi_env, napi_value value, bool* result) {
  if (Of(value).kind != FakeValue::Kind::kBoolean) return napi_boolean_expected;
  *result = Of(value).number != 0;
  return napi_ok;
}

// The rest is named by inline functions of napi.h that nothing here calls.
#define GOSSAMER_UNEXPECTED(name, ...) \
  napi_status name(__VA_ARGS__) { Unexpected(#name); }
GOSSAMER_UNEXPECTED(napi_async_destroy, napi_env, napi_async_context)
GOSSAMER_UNEXPECTED(napi_call_function, napi_env, napi_value, napi_value, size_t, const napi_value*, napi_value*)
GOSSAMER_UNEXPECTED(napi_close_callback_scope, napi_env, napi_callback_scope)
GOSSAMER_UNEXPECTED(napi_close_escapable_handle_scope, napi_env, napi_escapable_handle_scope)
GOSSAMER_UNEXPECTED(napi_close_handle_scope, napi_env, napi_handle_scope)
GOSSAMER_UNEXPECTED(napi_create_error, napi_env, napi_value, napi_value, napi_value*)
GOSSAMER_UNEXPECTED(napi_create_object, napi_env, napi_value*)
GOSSAMER_UNEXPECTED(napi_create_reference, napi_env, napi_value, uint32_t, napi_ref*)
GOSSAMER_UNEXPECTED(napi_create_string_utf8, napi_env, const char*, size_t, napi_value*)
GOSSAMER_UNEXPECTED(napi_create_type_error, napi_env, napi_value, napi_value, napi_value*)
GOSSAMER_UNEXPECTED(napi_define_properties, napi_env, napi_value, size_t, const napi_property_descriptor*)
GOSSAMER_UNEXPECTED(napi_delete_reference, napi_env, napi_ref)
GOSSAMER_UNEXPECTED(napi_escape_handle, napi_env, napi_escapable_handle_scope, napi_value, napi_value*)
GOSSAMER_UNEXPECTED(napi_get_and_clear_last_exception, napi_env, napi_value*)
GOSSAMER_UNEXPECTED(napi_get_last_error_info, node_api_basic_env, const napi_extended_error_info**)
GOSSAMER_UNEXPECTED(napi_get_named_property, napi_env, napi_value, const char*, napi_value*)
GOSSAMER_UNEXPECTED(napi_get_property, napi_env, napi_value, napi_value, napi_value*)
GOSSAMER_UNEXPECTED(napi_get_reference_value, napi_env, napi_ref, napi_value*)
GOSSAMER_UNEXPECTED(napi_get_value_string_utf8, napi_env, napi_value, char*, size_t, size_t*)
GOSSAMER_UNEXPECTED(napi_has_property, napi_env, napi_value, napi_value, bool*)
GOSSAMER_UNEXPECTED(napi_is_exception_pending, napi_env, bool*)
GOSSAMER_UNEXPECTED(napi_open_escapable_handle_scope, napi_env, napi_escapable_handle_scope*)
GOSSAMER_UNEXPECTED(napi_open_handle_scope, napi_env, napi_handle_scope*)
GOSSAMER_UNEXPECTED(napi_throw, napi_env, napi_value)
#undef GOSSAMER_UNEXPECTED

NAPI_NO_RETURN void napi_fatal_error(const char* location, size_t, const char*, size_t) { Unexpected(location); }

}  // extern "C"
