// What AddressSanitizer has to be told about stacks of our own making; nothing in other builds.
// Around each switch it is told which stack comes next, and it may keep locals on "fake stacks".
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define BROKERSIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BROKERSIM_ASAN 1
#endif
#endif

#if defined(BROKERSIM_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace brokersim::sim {

#if defined(BROKERSIM_ASAN)
inline void start_switch(void** fake_stack, const void* bottom, std::size_t size) {
  __sanitizer_start_switch_fiber(fake_stack, bottom, size);
}
inline void finish_switch(void* fake_stack, const void** bottom, std::size_t* size) {
  __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
}
inline void forget_poison(const void* bottom, std::size_t size) {
  __asan_unpoison_memory_region(bottom, size);
}
#else
inline void start_switch(void**, const void*, std::size_t) {}
inline void finish_switch(void*, const void**, std::size_t*) {}
inline void forget_poison(const void*, std::size_t) {}
#endif

}  // namespace brokersim::sim
