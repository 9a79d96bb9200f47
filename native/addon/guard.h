// The border to Node: what C++ throws becomes a JavaScript error here, and nothing gets past. Without memory too:
// nothing on the way allocates.
#pragma once
#include <napi.h>

#include <exception>
#include <new>

#include "addon/arguments.h"

namespace gossamer {

constexpr const char* kNoMemory = "the kernel could not allocate its working memory";

// body(), or null with a JavaScript error pending. An error that cannot be thrown, because the environment ends, is
// dropped.
template <class Body>
napi_value Guard(napi_env env, const Body& body) noexcept {
  try {
    return body();
  } catch (const ArgumentError& error) {
    napi_throw_error(env, error.code.c_str(), error.message.c_str());
  } catch (const Napi::Error& error) {
    napi_throw(env, error.Value());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", kNoMemory);
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_INTERNAL", error.what());
  } catch (...) {
    napi_throw_error(env, "ERR_INTERNAL", "an exception of an unknown kind");
  }
  return nullptr;
}

// object[name] = callback, which gets `data` in its info and must be guarded.
inline void Define(Napi::Object object, const char* name, napi_callback callback, void* data = nullptr) {
  const Napi::Env env = object.Env();
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function) != napi_ok)
    throw Napi::Error::New(env);
  object.Set(name, function);
}

}  // namespace gossamer
