// Preloaded, makes each sync in the data of node 101 take three seconds, and each removal of a file in that
// of node 1: disks that are about to fail.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void sleep_if_below(const char* path, const char* folder) {
  if (strstr(path, folder) != NULL) usleep(3000000);
}

static void sleep_if_open_below(int descriptor, const char* folder) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return;
  path[size] = '\0';
  sleep_if_below(path, folder);
}

int fdatasync(int descriptor) {
  sleep_if_open_below(descriptor, "/node-101/");
  return (int)syscall(SYS_fdatasync, descriptor);
}

int unlink(const char* path) {
  sleep_if_below(path, "/node-1/");
  return (int)syscall(SYS_unlink, path);
}

int remove(const char* path) {
  sleep_if_below(path, "/node-1/");
  const int result = (int)syscall(SYS_unlink, path);
  return result == 0 ? 0 : (int)syscall(SYS_rmdir, path);
}

int unlinkat(int folder, const char* path, int flags) {
  sleep_if_open_below(folder, "/node-1/");
  return (int)syscall(SYS_unlinkat, folder, path, flags);
}
