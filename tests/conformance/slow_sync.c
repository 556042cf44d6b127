// Preloaded, makes each sync in the data of node 101 take three seconds: a disk that is about to fail.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int descriptor) {
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size > 0) {
    path[size] = '\0';
    if (strstr(path, "/node-101/") != NULL) usleep(3000000);
  }
  return (int)syscall(SYS_fdatasync, descriptor);
}
