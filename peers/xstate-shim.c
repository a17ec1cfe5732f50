/* Preloaded into user-mode-linux. Its 6.1 kernel keeps the extended FPU state of a thread in a buffer that is too small
 * for processors with AMX; writing that short copy back is refused by the host and the guest dies at its first exec.
 * Here a short write is completed with the tail of the thread's present state. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char whole[1 << 16] __attribute__((aligned(64)));

long ptrace(enum __ptrace_request request, ...) {
  va_list list;
  va_start(list, request);
  pid_t pid = va_arg(list, pid_t);
  void *addr = va_arg(list, void *), *data = va_arg(list, void *);
  va_end(list);
  if (request == PTRACE_SETREGSET && (long)addr == NT_X86_XSTATE) {
    struct iovec *part = data, all = {whole, sizeof whole};
    if (!syscall(SYS_ptrace, PTRACE_GETREGSET, pid, addr, &all) && all.iov_len > part->iov_len) {
      memcpy(whole, part->iov_base, part->iov_len);
      return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, addr, &all);
    }
  }
  /* the raw call stores a peeked word where the library would return it */
  long word = 0;
  int peeks = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA || request == PTRACE_PEEKUSER;
  long result = syscall(SYS_ptrace, request, pid, addr, peeks ? (void *)&word : data);
  if (!peeks || result < 0) return result;
  errno = 0;
  return word;
}
