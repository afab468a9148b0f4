/*
 * Stands between a program and its disk (LD_PRELOAD, Linux with glibc): for files under TAILGATE_SHIM_DIR it traces
 * what is written, fails it or makes it slow. Nothing else is touched. What SQLite as better-sqlite3 builds it calls was
 * looked up with nm -D and strace: open64, pwrite64, fsync (also in place of fdatasync), ftruncate64, unlink, close;
 * Node's file system calls add write, writev, pwritev64, fdatasync and rename.
 *
 *   TAILGATE_SHIM_DIR      the folder, absolute and without symbolic links
 *   TAILGATE_SHIM_CONTROL  a file that holds a struct control, mapped and looked at before every call
 *   TAILGATE_SHIM_TRACE    where the trace is appended to (struct record); none without it
 *   TAILGATE_SHIM_MARKS    what the program writes to this path goes into the trace as a mark
 *
 * The real calls are made with syscall(2), so that nothing has to be looked up before the first of them. libuv closes its
 * files that way too, past this library: a descriptor counts as traced only while its inode is the one that was opened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { WRITES = 1, SYNCS = 2, NAMES = 4 };
enum type { CREATE = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, MARK };
enum { FDS = 65536 };

/* The test writes the first five words and resets the others; this side counts. */
struct control {
  uint64_t fail_kinds;  /* which kinds of calls fail, as a sum of enum kind; 0 for none */
  uint64_t fail_at;     /* from which call of these kinds on, counted from 1 in `seen` */
  uint64_t fail_which;  /* which of the next 64, the lowest bit the first; 0 for all and for good */
  uint64_t fail_errno;
  uint64_t sync_ms;     /* how long each sync takes before it is done */
  uint64_t seen;
  uint64_t failed;
  uint64_t writes, syncs, names;
};

/* One record of the trace, little-endian as the machine is; name and content follow. */
struct record {
  uint32_t type;
  uint32_t error;       /* 0, or the errno that the program got */
  uint64_t inode;
  uint64_t at;          /* the offset of a write, the length of a truncate */
  uint32_t name_length;
  uint32_t content_length;
};

struct file {
  ino_t inode;
  dev_t device;
  char traced, mark;
};

static struct file files[FDS];
static struct control none, *control = &none;
static char folder[4096];
static size_t folder_length;
static const char *marks;
static int trace = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *what) {
  dprintf(2, "storage-shim: %s: %s\n", what, strerror(errno));
  abort();
}

__attribute__((constructor)) static void start(void) {
  const char *dir = getenv("TAILGATE_SHIM_DIR"), *control_path = getenv("TAILGATE_SHIM_CONTROL"), *trace_path = getenv("TAILGATE_SHIM_TRACE");
  if (dir == NULL) return;
  marks = getenv("TAILGATE_SHIM_MARKS");
  if (control_path != NULL) {
    int fd = syscall(SYS_openat, AT_FDCWD, control_path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) give_up(control_path);
    void *page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) give_up(control_path);
    control = page;
    syscall(SYS_close, fd);
  }
  if (trace_path != NULL) {
    trace = syscall(SYS_openat, AT_FDCWD, trace_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace < 0) give_up(trace_path);
  }
  if (strlen(dir) >= sizeof folder) give_up("TAILGATE_SHIM_DIR is too long");
  strcpy(folder, dir);
  folder_length = strlen(folder);
}

/* The name below the folder, "" for the folder itself, NULL for anything else. */
static const char *name_of(const char *path) {
  if (folder_length == 0 || path == NULL || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == '\0') return path + folder_length;
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static struct file *file_of(int fd) {
  struct stat now;
  if (fd < 0 || fd >= FDS || !(files[fd].traced || files[fd].mark)) return NULL;
  int before = errno;
  int same = fstat(fd, &now) == 0 && now.st_ino == files[fd].inode && now.st_dev == files[fd].device;
  errno = before;
  if (same) return &files[fd];
  memset(&files[fd], 0, sizeof files[fd]);
  return NULL;
}

/* Counts a call; non-zero is the errno that it fails with. */
static int struck(enum kind kind) {
  uint64_t *count = kind == WRITES ? &control->writes : kind == SYNCS ? &control->syncs : &control->names;
  __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
  if ((__atomic_load_n(&control->fail_kinds, __ATOMIC_SEQ_CST) & kind) == 0) return 0;
  uint64_t number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (number < control->fail_at) return 0;
  uint64_t place = number - control->fail_at;
  if (control->fail_which != 0 && (place >= 64 || (control->fail_which >> place & 1) == 0)) return 0;
  __atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
  return (int)control->fail_errno;
}

static void note(enum type type, int error, uint64_t inode, uint64_t at, const char *name, const void *content, size_t length) {
  if (trace < 0) return;
  int before = errno;
  struct record head = {type, (uint32_t)error, inode, at, name == NULL ? 0 : (uint32_t)strlen(name), (uint32_t)length};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)name, head.name_length}, {(void *)content, length}};
  if (syscall(SYS_writev, trace, parts, 3) != (long)(sizeof head + head.name_length + length)) give_up("the trace");
  errno = before;
}

static int refuse(int error) {
  errno = error;
  return -1;
}

/* ---- names ---- */

static int opened(int at, const char *path, int flags, mode_t mode) {
  const char *name = at == AT_FDCWD || (path != NULL && path[0] == '/') ? name_of(path) : NULL;
  int mark = marks != NULL && path != NULL && strcmp(path, marks) == 0;
  struct stat now;
  if (name == NULL) {
    int fd = syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < FDS && (files[fd].traced || files[fd].mark || mark)) {
      memset(&files[fd], 0, sizeof files[fd]);
      if (mark && fstat(fd, &now) == 0) files[fd] = (struct file){now.st_ino, now.st_dev, 0, 1};
    }
    return fd;
  }
  pthread_mutex_lock(&lock);
  int absent = (flags & O_CREAT) != 0 && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
  int refused = (flags & O_ACCMODE) != O_RDONLY && control->fail_errno == EROFS && !absent;
  int error = absent || refused ? struck(NAMES) : 0;
  int fd = error != 0 ? refuse(error) : (int)syscall(SYS_openat, at, path, flags, mode);
  if (fd >= 0 && fd < FDS && fstat(fd, &now) == 0) {
    files[fd] = (struct file){now.st_ino, now.st_dev, 1, 0};
    if (absent) note(CREATE, 0, now.st_ino, 0, name, NULL, 0);
    else if ((flags & O_TRUNC) != 0) note(TRUNCATE, 0, now.st_ino, 0, NULL, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define MODE_OF(flags, last) \
  mode_t mode = 0; \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list rest; \
    va_start(rest, last); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

int open(const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags, flags) return opened(at, path, flags | O_LARGEFILE, mode); }

int close(int fd) {
  if (fd >= 0 && fd < FDS && (files[fd].traced || files[fd].mark)) memset(&files[fd], 0, sizeof files[fd]);
  return syscall(SYS_close, fd);
}

int unlink(const char *path) {
  const char *name = name_of(path);
  if (name == NULL) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  pthread_mutex_lock(&lock);
  int error = struck(NAMES);
  int result = error != 0 ? refuse(error) : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (result == 0) note(UNLINK, 0, 0, 0, name, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

/* Node's rmSync, by version: unlink, or what the C++ library makes of it. */
int remove(const char *path) {
  struct stat now;
  if (name_of(path) != NULL && !(lstat(path, &now) == 0 && S_ISDIR(now.st_mode))) return unlink(path);
  int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR) : result;
}

int unlinkat(int at, const char *path, int flags) {
  if (flags == 0 && path != NULL && path[0] == '/' && name_of(path) != NULL) return unlink(path);
  return syscall(SYS_unlinkat, at, path, flags);
}

int rename(const char *from, const char *to) {
  const char *name = name_of(from), *next = name_of(to);
  if (name == NULL || next == NULL) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  pthread_mutex_lock(&lock);
  int error = struck(NAMES);
  int result = error != 0 ? refuse(error) : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  if (result == 0) note(RENAME, 0, 0, 0, name, next, strlen(next));
  pthread_mutex_unlock(&lock);
  return result;
}

/* ---- content ---- */

static ssize_t written(struct file *file, int fd, const void *content, size_t length, off_t at, int positioned) {
  pthread_mutex_lock(&lock);
  int error = file->mark ? 0 : struck(WRITES);
  int append = !positioned && (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  if (!positioned && !file->mark) at = lseek(fd, 0, append ? SEEK_END : SEEK_CUR);
  ssize_t result = error != 0 ? refuse(error) : positioned ? syscall(SYS_pwrite64, fd, content, length, at) : syscall(SYS_write, fd, content, length);
  if (result > 0) note(file->mark ? MARK : WRITE, 0, file->inode, file->mark ? 0 : (uint64_t)at, NULL, content, (size_t)result);
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t write(int fd, const void *content, size_t length) {
  struct file *file = file_of(fd);
  return file == NULL ? syscall(SYS_write, fd, content, length) : written(file, fd, content, length, 0, 0);
}

ssize_t pwrite(int fd, const void *content, size_t length, off_t at) {
  struct file *file = file_of(fd);
  return file == NULL ? syscall(SYS_pwrite64, fd, content, length, at) : written(file, fd, content, length, at, 1);
}

ssize_t pwrite64(int fd, const void *content, size_t length, off64_t at) { return pwrite(fd, content, length, at); }

/* A traced vector is written piece by piece: a short write is a legal outcome. */
static ssize_t written_pieces(struct file *file, int fd, const struct iovec *pieces, int count, off_t at, int positioned) {
  ssize_t total = 0;
  for (int index = 0; index < count; index += 1) {
    ssize_t result = written(file, fd, pieces[index].iov_base, pieces[index].iov_len, at + total, positioned);
    if (result < 0) return total > 0 ? total : result;
    total += result;
    if ((size_t)result < pieces[index].iov_len) break;
  }
  return total;
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
  struct file *file = file_of(fd);
  return file == NULL ? syscall(SYS_writev, fd, pieces, count) : written_pieces(file, fd, pieces, count, 0, 0);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) {
  struct file *file = file_of(fd);
  /* The kernel takes the offset in two halves; on 64 bits the second is ignored. */
  return file == NULL ? syscall(SYS_pwritev, fd, pieces, count, at, 0) : written_pieces(file, fd, pieces, count, at, 1);
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t at) { return pwritev(fd, pieces, count, at); }

int ftruncate(int fd, off_t length) {
  struct file *file = file_of(fd);
  if (file == NULL) return syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&lock);
  int error = struck(WRITES);
  int result = error != 0 ? refuse(error) : (int)syscall(SYS_ftruncate, fd, length);
  if (result == 0) note(TRUNCATE, 0, file->inode, (uint64_t)length, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

/* ---- durability ---- */

static int synced(int fd, long call) {
  struct file *file = file_of(fd);
  if (file == NULL) return syscall(call, fd);
  uint64_t ms = control->sync_ms;
  struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  while (ms > 0 && nanosleep(&pause, &pause) != 0 && errno == EINTR) continue;
  pthread_mutex_lock(&lock);
  int error = struck(SYNCS);
  int result = error != 0 ? refuse(error) : (int)syscall(call, fd);
  note(SYNC, result == 0 ? 0 : errno, file->inode, 0, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
