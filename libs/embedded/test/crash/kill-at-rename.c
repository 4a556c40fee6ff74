/* Kills its own process with SIGKILL at the n-th rename of a freshly written ClickHouse part (a source path containing
 * "tmp_insert_"): KILL_AT_RENAME=n, KILL_WHEN=before|after. Preloaded into the gateway by the crash tests only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int seen = 0;

static int is_the_one(const char *from) {
  const char *wanted = getenv("KILL_AT_RENAME");
  if (wanted == NULL || from == NULL || strstr(from, "tmp_insert_") == NULL) return 0;
  return atomic_fetch_add(&seen, 1) + 1 == atoi(wanted);
}

static int is_before(void) {
  const char *when = getenv("KILL_WHEN");
  return when == NULL || strcmp(when, "after") != 0;
}

static void die(void) { kill(getpid(), SIGKILL); }

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  int chosen = is_the_one(from);
  if (chosen && is_before()) die();
  int result = real(from, to);
  if (chosen) die();
  return result;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  int (*real)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");
  int chosen = is_the_one(from);
  if (chosen && is_before()) die();
  int result = real(from_dir, from, to_dir, to);
  if (chosen) die();
  return result;
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags) {
  int (*real)(int, const char *, int, const char *, unsigned int) = dlsym(RTLD_NEXT, "renameat2");
  int chosen = is_the_one(from);
  if (chosen && is_before()) die();
  int result = real(from_dir, from, to_dir, to, flags);
  if (chosen) die();
  return result;
}
