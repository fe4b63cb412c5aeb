/* Tries what a container must not be able to do. `probe NAME [ARGUMENT]` prints "NAME: " and "allowed" or the errno's name. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *argument = "";
static long number(void) { return strtol(argument, 0, 0); }
static void *bad = (void *)16;

static long p_mount(void) { mkdir("/m", 0755); return mount("none", "/m", "tmpfs", 0, ""); }
static long p_bind(void) { mkdir("/m", 0755); return mount("/proc", "/m", 0, MS_BIND, ""); }
static long p_remount(void) { return mount("", "/proc/sys", 0, MS_REMOUNT | MS_BIND, ""); }
static long p_umount(void) { return umount2("/proc/sys", MNT_DETACH); }
static long p_unmask(void) { return umount2("/proc/keys", MNT_DETACH); }
static long p_mount_setattr(void) { char a[32] = {0}; return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, a, sizeof a); }
static long p_open_tree(void) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1); }
static long p_move_mount(void) { return syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/m", 0); }
static long p_fsopen(void) { return syscall(SYS_fsopen, "tmpfs", 0); }
static long p_pivot_root(void) { return syscall(SYS_pivot_root, ".", "."); }
static long p_chroot(void) { /* the classical escape: chroot below, keep the old directory, climb */
  mkdir("/jail", 0755);
  int old = open("/", O_RDONLY | O_DIRECTORY);
  if (chroot("/jail")) return -1;
  if (fchdir(old)) return -1;
  for (int n = 0; n < 64; n++) if (chdir("..")) return -1;
  if (chroot(".")) return -1;
  if (access(argument, F_OK) == 0) return 0;
  return -1;
}
static long p_unshare_user(void) { return unshare(CLONE_NEWUSER); }
static long p_unshare_mount(void) { return unshare(CLONE_NEWNS); }
static long p_unshare_net(void) { return unshare(CLONE_NEWNET); }
static long p_unshare_pid(void) { return unshare(CLONE_NEWPID); }
static long p_unshare_cgroup(void) { return unshare(0x02000000); }
static long p_clone_user(void) {
  long r = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (r == 0) _exit(0);
  return r;
}
static long p_clone3(void) { return syscall(SYS_clone3, bad, 88); }
static long p_setns(void) { int fd = open("/proc/1/ns/mnt", O_RDONLY); return fd < 0 ? -1 : setns(fd, 0); }
static long p_setns_pidfd(void) { int fd = syscall(SYS_pidfd_open, 1, 0); return fd < 0 ? -1 : setns(fd, CLONE_NEWNS); }
static long p_keyctl(void) { return syscall(SYS_keyctl, 0, -3, 1); }
static long p_add_key(void) { return syscall(SYS_add_key, "user", "x", "y", 1, -3); }
static long p_request_key(void) { return syscall(SYS_request_key, "user", "x", 0, -3); }
static long p_bpf(void) {
  union bpf_attr a; memset(&a, 0, sizeof a);
  a.map_type = 2; a.key_size = 4; a.value_size = 4; a.max_entries = 1;
  return syscall(SYS_bpf, 0, &a, sizeof a);
}
static long p_perf(void) {
  struct perf_event_attr a; memset(&a, 0, sizeof a); a.size = sizeof a; a.type = PERF_TYPE_SOFTWARE;
  return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}
static long p_io_uring(void) { struct io_uring_params a; memset(&a, 0, sizeof a); return syscall(SYS_io_uring_setup, 1, &a); }
static long p_io_uring_enter(void) { return syscall(SYS_io_uring_enter, 0, 0, 0, 0, 0, 0); }
static long p_userfaultfd(void) { return syscall(SYS_userfaultfd, 0); }
static long p_packet(void) { return socket(17, SOCK_RAW, 0); }
static long p_vsock(void) { return socket(40, SOCK_STREAM, 0); }
static long p_raw(void) { return socket(AF_INET, SOCK_RAW, 1); }
static long p_alg(void) { return socket(38, SOCK_SEQPACKET, 0); }
static long p_kexec(void) { return syscall(SYS_kexec_load, 0, 0, 0, 0); }
static long p_kexec_file(void) { return syscall(SYS_kexec_file_load, -1, -1, 0, "", 0); }
static long p_init_module(void) { return syscall(SYS_init_module, bad, 1, ""); }
static long p_finit_module(void) { return syscall(SYS_finit_module, 0, "", 0); }
static long p_delete_module(void) { return syscall(SYS_delete_module, "no_such_module", 0); }
/* Magic numbers that no kernel takes: were the call let through, it would be EINVAL and harm nothing. */
static long p_reboot(void) { return syscall(SYS_reboot, 1, 2, 3, 0); }
static long p_shocker(void) {
  struct { struct file_handle h; unsigned char b[8]; } f;
  f.h.handle_bytes = 8; f.h.handle_type = 1;
  unsigned char root[8] = {2, 0, 0, 0, 0, 0, 0, 0}; memcpy(f.b, root, 8);
  int at = open("/etc/hosts", O_RDONLY);
  return syscall(SYS_open_by_handle_at, at, &f, O_RDONLY);
}
static long p_name_to_handle(void) { char b[256] = {0}; int id; ((struct file_handle *)b)->handle_bytes = 128; return syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc/hosts", b, &id, 0); }
static long p_mknod(void) { unlink("/disk"); return mknod("/disk", S_IFBLK | 0600, (dev_t)number()); }
static long p_disk(void) { unlink("/disk"); if (mknod("/disk", S_IFBLK | 0600, (dev_t)number())) return -1; return open("/disk", O_RDONLY); }
static long p_kmem(void) { unlink("/mem"); if (mknod("/mem", S_IFCHR | 0600, makedev(1, 1))) return -1; return open("/mem", O_RDONLY); }
static long p_kmsg(void) { unlink("/kmsg"); if (mknod("/kmsg", S_IFCHR | 0600, makedev(1, 11))) return -1; return open("/kmsg", O_RDONLY); }
static long p_syslog(void) { char b[64]; return syscall(SYS_syslog, 3, b, sizeof b); }
static long p_clock(void) { struct timespec t = {1, 0}; return clock_settime(CLOCK_REALTIME, &t); }
static long p_settimeofday(void) { struct timeval t = {1, 0}; return settimeofday(&t, 0); }
static long p_adjtime(void) { char b[256] = {0}; b[0] = 1; return syscall(SYS_clock_adjtime, 0, b); }
static long p_hostname(void) { return sethostname("owned", 5); }
static long p_domainname(void) { return setdomainname("owned", 5); }
static long p_swapon(void) { return swapon("/swap", 0); }
static long p_swapoff(void) { return swapoff("/swap"); }
static long p_acct(void) { return acct("/acct"); }
static long p_quotactl(void) { return syscall(SYS_quotactl, 0, "/", 0, 0); }
static long p_lookup_dcookie(void) { return syscall(SYS_lookup_dcookie, 0, bad, 0); }
static long p_iopl(void) { return syscall(SYS_iopl, 3); }
static long p_ioperm(void) { return syscall(SYS_ioperm, 0x70, 1, 1); }
static long p_move_pages(void) { return syscall(SYS_move_pages, 1, 0, 0, 0, 0, 0); }
static long p_set_mempolicy(void) { return syscall(SYS_set_mempolicy, 0, 0, 0); }
static long p_fanotify(void) { return syscall(SYS_fanotify_init, 0, 0); }
static long p_vhangup(void) { return vhangup(); }
static long p_personality(void) { return syscall(SYS_personality, 0x0400000); }
static long p_process_vm(void) { char b[8]; struct iovec l = {b, 8}, r = {(void *)0x400000, 8}; return process_vm_readv(number(), &l, 1, &r, 1, 0); }
static long p_ptrace(void) { return ptrace(PTRACE_ATTACH, number(), 0, 0); }
static long p_kill(void) { return kill(number(), 0); }
static long p_pidfd(void) { return syscall(SYS_pidfd_open, number(), 0); }
static long p_tiocsti(void) { char c = 'x'; return ioctl(0, TIOCSTI, &c); }
static long p_tioclinux(void) { char c[16] = {3}; return ioctl(0, 0x541C, c); }
static long p_setgid_set(void) { return chmod("/proc/self/exe", 04755); }
static long p_exe_write(void) { return open("/proc/1/exe", O_WRONLY); }
static long p_setuid0(void) { return setuid(0); }
static long p_capset_all(void) {
  unsigned header[2] = {0x20080522, 0}, data[6] = {~0u, ~0u, ~0u, ~0u, ~0u, ~0u};
  return syscall(SYS_capset, header, data);
}
static long p_raw_io(void) { return open("/dev/port", O_RDWR); }
static long p_abstract(void) {
  int s = socket(AF_UNIX, SOCK_STREAM, 0); struct sockaddr_un a; memset(&a, 0, sizeof a);
  a.sun_family = AF_UNIX; strncpy(a.sun_path + 1, argument, 100);
  return connect(s, (struct sockaddr *)&a, sizeof(sa_family_t) + 1 + strlen(argument));
}
static long p_shm_get(void) { return syscall(SYS_shmget, number(), 0, 0); }
static long p_shm_make(void) { return syscall(SYS_shmget, number(), 4096, 01000 | 0666); }
static long p_mq(void) { return syscall(SYS_mq_open, argument, O_RDWR, 0, 0); }
static long p_int80(void) { /* the 32-bit door: mount by its i386 number */
  long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(21L), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L) : "memory", "r8", "r9", "r10", "r11");
  if (r < 0) { errno = -r; return -1; } return r;
}
static long p_x32(void) { return syscall(0x40000000 | SYS_mount, 0, 0, 0, 0, 0); }
static long p_exe_self_fd(void) { return open("/proc/self/exe", O_WRONLY | O_TRUNC); }
static long p_open_rw(void) { return open(argument, O_RDWR); }
static long p_open_r(void) { return open(argument, O_RDONLY); }
static long p_root_of_init(void) { char b[300]; snprintf(b, sizeof b, "/proc/1/root%s", argument); return access(b, F_OK); }
static long p_chown_host(void) { return chown(argument, 0, 0); }

static const struct { const char *name; long (*run)(void); } probes[] = {
#define P(n) {#n, p_##n}
  P(mount), P(bind), P(remount), P(umount), P(unmask), P(mount_setattr), P(open_tree), P(move_mount), P(fsopen), P(pivot_root),
  P(chroot), P(unshare_user), P(unshare_mount), P(unshare_net), P(unshare_pid), P(unshare_cgroup), P(clone_user), P(clone3),
  P(setns), P(setns_pidfd), P(keyctl), P(add_key), P(request_key), P(bpf), P(perf), P(io_uring), P(io_uring_enter),
  P(userfaultfd), P(packet), P(vsock), P(raw), P(alg), P(kexec), P(kexec_file), P(init_module), P(finit_module),
  P(delete_module), P(reboot), P(shocker), P(name_to_handle), P(mknod), P(disk), P(kmem), P(kmsg), P(syslog), P(clock),
  P(settimeofday), P(adjtime), P(hostname), P(domainname), P(swapon), P(swapoff), P(acct), P(quotactl), P(lookup_dcookie),
  P(iopl), P(ioperm), P(move_pages), P(set_mempolicy), P(fanotify), P(vhangup), P(personality), P(process_vm), P(ptrace),
  P(kill), P(pidfd), P(tiocsti), P(tioclinux), P(setgid_set), P(exe_write), P(setuid0), P(capset_all), P(raw_io), P(abstract),
  P(shm_get), P(shm_make), P(mq), P(int80), P(x32), P(exe_self_fd), P(open_rw), P(open_r), P(root_of_init), P(chown_host),
};

static void say(const char *name, long result) {
  const char *state = result < 0 ? strerrorname_np(errno) : "allowed";
  printf("%s: %s\n", name, state ? state : "errno?");
  fflush(stdout);
}

/* Each probe in a child of its own, so that none changes what the next one sees; a signal is told as such. */
static void one(const char *name, long (*run)(void)) {
  pid_t child = fork();
  if (child == 0) { say(name, run()); _exit(0); }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) { say(name, -1); return; }
  if (WIFSIGNALED(status)) { printf("%s: signal %d\n", name, WTERMSIG(status)); fflush(stdout); }
}

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  for (int a = 1; a < argc; a++) {
    char *name = strdup(argv[a]);
    char *mark = strchr(name, '=');
    argument = "";
    if (mark) { *mark = 0; argument = mark + 1; }
    int known = 0;
    for (size_t n = 0; n < sizeof probes / sizeof probes[0]; n++)
      if (!strcmp(probes[n].name, name)) { known = 1; one(name, probes[n].run); }
    if (!known) printf("%s: unknown probe\n", name);
  }
  return 0;
}
