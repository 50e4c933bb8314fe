// SPDX-License-Identifier: GPL-2.0-only
//go:build unicorn_static

// On arm64 hosts libunicorn (2.0.1 and later) has a single variable for all engines, tb_ret_addr, with the address at
// which translated code returns: the epilogue at the start of the code buffer of the newest engine. Code that other
// engines translate from then on returns through it as well. The epilogue is the same in every buffer, so nothing goes
// wrong until the newest engine is closed and its buffer unmapped. Buffers therefore stay mapped and are reused by the
// next engine. The linker makes libunicorn call these functions instead of mmap64 and munmap (--wrap in
// tools/release.sh).

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

void *__real_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *addr, size_t size);

// More engines than these at a time lose nothing but that their buffers are not kept.
enum { most = 4096, kept = 1 << 16 };

static struct {
    void *addr;
    size_t size;
    int used;
} buffers[most];
static int count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    if (addr != NULL || !(prot & PROT_EXEC) || !(prot & PROT_WRITE) || fd != -1) {
        return __real_mmap64(addr, size, prot, flags, fd, offset);
    }
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        if (!buffers[i].used && buffers[i].size == size) {
            buffers[i].used = 1;
            pthread_mutex_unlock(&lock);
            return buffers[i].addr;
        }
    }
    void *made = __real_mmap64(addr, size, prot, flags, fd, offset);
    if (made != MAP_FAILED && count < most) {
        buffers[count].addr = made;
        buffers[count].size = size;
        buffers[count].used = 1;
        count++;
    }
    pthread_mutex_unlock(&lock);
    return made;
}

int __wrap_munmap(void *addr, size_t size)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < count; i++) {
        if (buffers[i].addr == addr) {
            buffers[i].used = 0;
            // All but the epilogue goes back to the system.
            if (buffers[i].size > kept) {
                madvise((char *)addr + kept, buffers[i].size - kept, MADV_DONTNEED);
            }
            pthread_mutex_unlock(&lock);
            return 0;
        }
    }
    pthread_mutex_unlock(&lock);
    return __real_munmap(addr, size);
}
