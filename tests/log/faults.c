/* A disk that fails on command, for the files of one directory: preloaded into a process, below all that it runs.
 *
 * Enters: FAULTS_UNDER, the directory; FAULTS_CONTROL, a file of `struct control`, which the test changes while
 * the process runs; FAULTS_TRACE, a file. Leaves: errors, as often as the control says, and in the trace
 * every call that changed a file, with what it wrote and whether it succeeded, in the order of the calls.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { EIO_WRITE, ENOSPC_WRITE, SHORT_WRITE, EIO_SYNC, EIO_TRUNCATE, KINDS };
enum op { WRITE = 1, SYNC, TRUNCATE, UNLINK, RENAME };
struct control { uint32_t kinds, permille, seed, injected[KINDS]; };
struct record { uint32_t op, ok; uint64_t offset; uint32_t name, data; };

static struct control *control;
static const char *under;
static int trace = -1;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *file = getenv("FAULTS_CONTROL"), *traced = getenv("FAULTS_TRACE");
  under = getenv("FAULTS_UNDER");
  if (!file || !traced || !under) abort();
  int fd = open(file, O_RDWR);
  control = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  trace = open(traced, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || control == MAP_FAILED || trace < 0) abort();
}

/* The name of a file in the directory, or null; shared memory of SQLite is no part of what lasts. */
static const char *inside(const char *path) {
  size_t length = under ? strlen(under) : 0;
  if (!length || strncmp(path, under, length) || path[length] != '/') return 0;
  const char *name = path + length + 1;
  size_t end = strlen(name);
  if (strchr(name, '/') || !strcmp(name, "writer.lock")) return 0;
  return end > 4 && !strcmp(name + end - 4, "-shm") ? 0 : name;
}

static const char *named(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return inside(path);
}

static int fails(enum kind kind) {
  if (!(control->kinds >> kind & 1)) return 0;
  control->seed = control->seed * 1664525u + 1013904223u;
  if ((control->seed >> 8) % 1000 >= control->permille) return 0;
  control->injected[kind]++;
  return 1;
}

static void note(enum op op, int ok, uint64_t offset, const char *name, const void *data, size_t size) {
  struct record record = {op, ok, offset, strlen(name), size};
  struct iovec parts[] = {{&record, sizeof record}, {(void *)name, record.name}, {(void *)data, size}};
  if (writev(trace, parts, 3) < 0) abort();
}

static ssize_t change(int fd, const void *data, size_t size, off_t offset) {
  char path[4096];
  const char *name = named(fd, path, sizeof path);
  if (!name) return syscall(SYS_pwrite64, fd, data, size, offset);
  pthread_mutex_lock(&one);
  ssize_t done = -1;
  if (fails(EIO_WRITE)) errno = EIO;
  else if (fails(ENOSPC_WRITE)) errno = ENOSPC;
  else done = syscall(SYS_pwrite64, fd, data, size > 1 && fails(SHORT_WRITE) ? size / 2 : size, offset);
  int error = errno;
  if (done > 0) note(WRITE, 1, offset, name, data, done);
  pthread_mutex_unlock(&one);
  errno = error;
  return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return change(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return change(fd, data, size, offset); }

static int settle(int fd, long call) {
  char path[4096];
  const char *name = named(fd, path, sizeof path);
  int directory = !name && under && !strcmp(path, under);
  if (!name && !directory) return syscall(call, fd);
  pthread_mutex_lock(&one);
  int done = fails(EIO_SYNC) ? -1 : (int)syscall(call, fd);
  if (name) note(SYNC, !done, 0, name, "", 0);
  pthread_mutex_unlock(&one);
  if (done) errno = EIO;
  return done;
}

int fsync(int fd) { return settle(fd, SYS_fsync); }
int fdatasync(int fd) { return settle(fd, SYS_fdatasync); }

static int cut(int fd, off_t size) {
  char path[4096];
  const char *name = named(fd, path, sizeof path);
  if (!name) return syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&one);
  int done = fails(EIO_TRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
  if (!done) note(TRUNCATE, 1, size, name, "", 0);
  pthread_mutex_unlock(&one);
  if (done) errno = EIO;
  return done;
}

int ftruncate(int fd, off_t size) { return cut(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut(fd, size); }

int unlink(const char *path) {
  const char *name = inside(path);
  pthread_mutex_lock(&one);
  int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0), error = errno;
  if (name && !done) note(UNLINK, 1, 0, name, "", 0);
  pthread_mutex_unlock(&one);
  errno = error;
  return done;
}

int rename(const char *from, const char *to) {
  const char *name = inside(from), *other = inside(to);
  pthread_mutex_lock(&one);
  int done = syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to), error = errno;
  if (name && other && !done) note(RENAME, 1, 0, name, other, strlen(other));
  pthread_mutex_unlock(&one);
  errno = error;
  return done;
}
