/* A fault at one file operation of a program, by LD_PRELOAD: whatever a disk may do, done on purpose.
 *
 *   FAULT_PATH    operations count on files whose path contains this, and on what was opened by such a path
 *   FAULT_OPS     only these of: open read write sync truncate rename unlink mkdir (all if unset)
 *   FAULT_AT      the operation that is hit, from 1; none if unset
 *   FAULT_KIND    EIO ENOSPC EMFILE EINTR short crash
 *   FAULT_STAYS   set: every operation after it too
 *   FAULT_COUNT   a file that gets the number of operations when the program ends by itself
 *   FAULT_LOCKS   set: no file can be locked, as on file systems that have no locks
 *   FAULT_FOLDERS folders whose path contains this cannot be renamed, as those in a lower layer of an overlay
 *   FAULT_INODES  set: a file has another inode number at every look, as on some file systems in user space
 *   FAULT_THREADS from this thread on, counted from 1, none can be started
 *   FAULT_DISK    a folder that gets what a disk would have if the power went: whenever a file is brought to the disk
 *                 its bytes, as f-INODE, whenever a folder is the names in it, as d-INODE, lines of kind, inode, name
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 4096
static atomic_bool watched[FDS];
static atomic_long count;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int counts(const char *path) {
    const char *part = getenv("FAULT_PATH");
    return part && path && strstr(path, part) != NULL;
}

static int is_hit(const char *op) {
    const char *ops = getenv("FAULT_OPS");
    if (ops && !strstr(ops, op)) return 0;
    long now = atomic_fetch_add(&count, 1) + 1;
    const char *at = getenv("FAULT_AT");
    if (!at) return 0;
    long when = atol(at);
    return now == when || (now > when && getenv("FAULT_STAYS"));
}

/* 0: go on; -1: fail with errno set; 1: do half of it. */
static int fault(const char *op) {
    if (!is_hit(op)) return 0;
    const char *kind = getenv("FAULT_KIND");
    if (!kind || !strcmp(kind, "EIO")) errno = EIO;
    else if (!strcmp(kind, "ENOSPC")) errno = ENOSPC;
    else if (!strcmp(kind, "EINVAL")) errno = EINVAL;
    else if (!strcmp(kind, "EMFILE")) errno = EMFILE;
    else if (!strcmp(kind, "EINTR")) errno = EINTR;
    else if (!strcmp(kind, "crash")) { kill(getpid(), SIGKILL); for (;;) pause(); }
    else return 1;
    return -1;
}

static int is_watched(int fd) { return fd >= 0 && fd < FDS && watched[fd]; }

static int opened(int fd, int counted) {
    if (fd >= 0 && fd < FDS) watched[fd] = counted;
    return fd;
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        va_list rest; va_start(rest, flags);                                        \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;   \
        va_end(rest);                                                               \
        int counted = counts(path);                                                 \
        if (counted && fault("open") < 0) return -1;                                \
        return opened(REAL(name)(path, flags, mode), counted);                      \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                \
    int name(int at, const char *path, int flags, ...) {                            \
        va_list rest; va_start(rest, flags);                                        \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;   \
        va_end(rest);                                                               \
        int counted = counts(path);                                                 \
        if (counted && fault("open") < 0) return -1;                                \
        return opened(REAL(name)(at, path, flags, mode), counted);                  \
    }
OPENAT(openat)
OPENAT(openat64)

#define MOVE(name, op, bytes, ...)                                                  \
    if (is_watched(fd)) {                                                           \
        int what = fault(op);                                                       \
        if (what < 0) return -1;                                                    \
        if (what > 0 && bytes > 1) bytes /= 2;                                      \
    }                                                                               \
    return REAL(name)(__VA_ARGS__);

ssize_t read(int fd, void *to, size_t bytes) { MOVE(read, "read", bytes, fd, to, bytes) }
ssize_t write(int fd, const void *from, size_t bytes) { MOVE(write, "write", bytes, fd, from, bytes) }
ssize_t pread64(int fd, void *to, size_t bytes, off64_t at) { MOVE(pread64, "read", bytes, fd, to, bytes, at) }
ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t at) {
    MOVE(pwrite64, "write", bytes, fd, from, bytes, at)
}

#define PLAIN(name, op, test, parameters, ...)                                      \
    int name parameters {                                                           \
        if ((test) && fault(op) < 0) return -1;                                     \
        return REAL(name)(__VA_ARGS__);                                             \
    }

/* Notes what is on the disk now. A file's inode is kept from being used again, so that it names that file alone. */
static void note_disk(int fd) {
    const char *disk = getenv("FAULT_DISK");
    struct stat found;
    if (!disk || fstat(fd, &found) < 0) return;
    char here[64], to[4096], whole[4200];
    snprintf(here, sizeof here, "/proc/self/fd/%d", fd);
    int is_folder = S_ISDIR(found.st_mode);
    snprintf(to, sizeof to, "%s/%c-%lu", disk, is_folder ? 'd' : 'f', (unsigned long)found.st_ino);
    snprintf(whole, sizeof whole, "%s.%d.%d", to, getpid(), fd);
    FILE *out = fopen(whole, "w");
    if (!out) return;
    if (is_folder) {
        DIR *folder = opendir(here);
        struct dirent *entry;
        while (folder && (entry = readdir(folder)))
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                fprintf(out, "%c %lu %s\n", entry->d_type == DT_DIR ? 'd' : 'f', (unsigned long)entry->d_ino,
                        entry->d_name);
        if (folder) closedir(folder);
    } else {
        int in = REAL(open)(here, O_RDONLY | O_CLOEXEC);
        char bytes[65536];
        ssize_t many;
        while (in >= 0 && (many = REAL(read)(in, bytes, sizeof bytes)) > 0) fwrite(bytes, 1, many, out);
        /* Stays open. */
    }
    fclose(out);
    REAL(rename)(whole, to);
}

#define SYNC(name)                                                                  \
    int name(int fd) {                                                              \
        if (is_watched(fd) && fault("sync") < 0) return -1;                         \
        int done = REAL(name)(fd);                                                  \
        if (done == 0) note_disk(fd);                                               \
        return done;                                                                \
    }
SYNC(fsync)
SYNC(fdatasync)
PLAIN(ftruncate64, "truncate", is_watched(fd), (int fd, off64_t length), fd, length)

int rename(const char *from, const char *to) {
    const char *part = getenv("FAULT_FOLDERS");
    struct stat found;
    if (part && strstr(from, part) && stat(from, &found) == 0 && S_ISDIR(found.st_mode)) {
        errno = EXDEV;
        return -1;
    }
    if (counts(to) && fault("rename") < 0) return -1;
    return REAL(rename)(from, to);
}

int statx(int folder, const char *path, int flags, unsigned int mask, struct statx *found) {
    static atomic_long inode;
    int done = REAL(statx)(folder, path, flags, mask, found);
    if (done == 0 && getenv("FAULT_INODES")) found->stx_ino = 1000 + atomic_fetch_add(&inode, 1);
    return done;
}

PLAIN(unlink, "unlink", counts(path), (const char *path), path)
PLAIN(mkdir, "mkdir", counts(path), (const char *path, mode_t mode), path, mode)

int flock(int fd, int operation) {
    if (getenv("FAULT_LOCKS")) {
        errno = ENOLCK;
        return -1;
    }
    return REAL(flock)(fd, operation);
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNT");
    if (!path) return;
    int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)count);
    if (fd >= 0 && REAL(write)(fd, text, length) == length) REAL(close)(fd);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*life)(void *), void *with) {
    static atomic_long threads;
    const char *from = getenv("FAULT_THREADS");
    if (from && atomic_fetch_add(&threads, 1) + 1 >= atol(from)) return EAGAIN;
    return REAL(pthread_create)(thread, how, life, with);
}
