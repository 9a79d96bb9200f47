// For tests on Linux with glibc: preloaded (LD_PRELOAD), it stands before malloc and pthread_create, and fails one call
// that the addon's own code makes; loaded as an addon too, it takes orders: arm(n) makes call number n from there on
// fail (0: none), disarm() ends that and returns how many there were.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <node_api.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <cstring>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace {

constexpr const char* kAddon = "gossamer_native.node";

std::atomic<bool> is_armed{false};
std::atomic<int64_t> calls{0}, fails_at{0};
std::atomic<uintptr_t> code_begin{0}, code_end{0};  // where the addon is mapped

int FindAddon(dl_phdr_info* info, size_t, void*) {
  const size_t length = std::strlen(info->dlpi_name), suffix = std::strlen(kAddon);
  if (length < suffix || std::strcmp(info->dlpi_name + length - suffix, kAddon) != 0) return 0;
  uintptr_t begin = UINTPTR_MAX, end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const uintptr_t first = info->dlpi_addr + header.p_vaddr;
    begin = first < begin ? first : begin;
    end = first + header.p_memsz > end ? first + header.p_memsz : end;
  }
  code_begin = begin;
  code_end = end;
  return 1;
}

bool Fails(void* caller) {
  if (!is_armed.load(std::memory_order_relaxed)) return false;
  const auto at = reinterpret_cast<uintptr_t>(caller);
  if (at < code_begin || at >= code_end) return false;
  return ++calls == fails_at;
}

napi_value Arm(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1], result;
  int64_t at = 0;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  napi_get_value_int64(env, argv[0], &at);
  const bool found = dl_iterate_phdr(FindAddon, nullptr) != 0;
  calls = 0;
  fails_at = at;
  is_armed = found;
  napi_get_boolean(env, found, &result);
  return result;
}

napi_value Disarm(napi_env env, napi_callback_info) {
  is_armed = false;
  napi_value result;
  napi_create_int64(env, calls, &result);
  return result;
}

}  // namespace

#define GOSSAMER_INTERPOSE extern "C" __attribute__((visibility("default")))
#define GOSSAMER_FAILS Fails(__builtin_return_address(0))

GOSSAMER_INTERPOSE void* malloc(size_t size) {
  if (!GOSSAMER_FAILS) return __libc_malloc(size);
  errno = ENOMEM;
  return nullptr;
}

GOSSAMER_INTERPOSE void* calloc(size_t count, size_t size) {
  if (!GOSSAMER_FAILS) return __libc_calloc(count, size);
  errno = ENOMEM;
  return nullptr;
}

GOSSAMER_INTERPOSE void* realloc(void* block, size_t size) {
  if (!GOSSAMER_FAILS) return __libc_realloc(block, size);
  errno = ENOMEM;
  return nullptr;
}

GOSSAMER_INTERPOSE void* aligned_alloc(size_t alignment, size_t size) {
  if (!GOSSAMER_FAILS) return __libc_memalign(alignment, size);
  errno = ENOMEM;
  return nullptr;
}

GOSSAMER_INTERPOSE int posix_memalign(void** block, size_t alignment, size_t size) {
  if (GOSSAMER_FAILS) return ENOMEM;
  void* made = __libc_memalign(alignment, size);
  if (made == nullptr) return ENOMEM;
  *block = made;
  return 0;
}

GOSSAMER_INTERPOSE int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                                      void* argument) {
  using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static Create* const create = reinterpret_cast<Create*>(dlsym(RTLD_NEXT, "pthread_create"));
  return GOSSAMER_FAILS ? EAGAIN : create(thread, attributes, run, argument);
}

NAPI_MODULE_INIT() {
  napi_value arm, disarm;
  napi_create_function(env, "arm", NAPI_AUTO_LENGTH, Arm, nullptr, &arm);
  napi_create_function(env, "disarm", NAPI_AUTO_LENGTH, Disarm, nullptr, &disarm);
  napi_set_named_property(env, exports, "arm", arm);
  napi_set_named_property(env, exports, "disarm", disarm);
  return exports;
}
