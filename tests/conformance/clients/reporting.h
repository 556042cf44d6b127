// What librdkafka's clients in C and C++ share: lines to the one who runs the cluster, and its
// answers (see ../run).
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void report(const char* capability, int is_there, const char* reason) {
  if (is_there) {
    printf("ok %s\n", capability);
  } else {
    printf("failed %s: %s\n", capability, reason);
  }
  fflush(stdout);
}

static inline void not_applicable(const char* capability, const char* reason) {
  printf("n/a %s: %s\n", capability, reason);
  fflush(stdout);
}

// Ends the process if nobody answers.
static inline void ask(const char* what) {
  char line[64];
  printf("ask %s\n", what);
  fflush(stdout);
  do {
    if (fgets(line, sizeof line, stdin) == NULL) exit(1);
  } while (strcmp(line, "done\n") != 0);
}

// SIGTERM asks a member of a group to leave it.
static volatile sig_atomic_t is_asked_to_leave;

static inline void note_leaving(int signal) {
  (void)signal;
  is_asked_to_leave = 1;
}

static inline void hear_of_leaving(void) { signal(SIGTERM, note_leaving); }
