#include "daemon/io/syscall_filter.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "daemon/core/fd.hpp"

namespace itnxt {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

// By what they would be good for to someone who got in.
constexpr int kNever[] = {
    // another program, another process
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    // another user, another root, another namespace
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups),
    SCMP_SYS(chroot), SCMP_SYS(pivot_root), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount),
    SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig), SCMP_SYS(fspick), SCMP_SYS(open_tree), SCMP_SYS(mount_setattr),
    SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
    // the kernel's rarely trodden paths
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(keyctl), SCMP_SYS(modify_ldt), SCMP_SYS(personality), SCMP_SYS(fanotify_init),
    SCMP_SYS(lookup_dcookie), SCMP_SYS(vmsplice), SCMP_SYS(uselib), SCMP_SYS(nfsservctl),
    // the machine itself
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff),
    SCMP_SYS(ioperm), SCMP_SYS(iopl), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(syslog),
    SCMP_SYS(vhangup), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex)};

// Rules are added until the first that does not fit.
class Rules {
 public:
  Rules() : filter_(seccomp_init(SCMP_ACT_ALLOW), seccomp_release) {
    if (!filter_) error_ = ENOMEM;
    // By a binary search of the call's number, not down the list.
    if (error_ == 0) error_ = -seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  }

  template <class... Comparison>
  void refuse(int call, Comparison... only_where) {
    refuse_with(kRefuse, call, only_where...);
  }

  template <class... Comparison>
  void refuse_with(std::uint32_t action, int call, Comparison... only_where) {
    if (error_ != 0) return;
    error_ = -seccomp_rule_add(filter_.get(), action, call, sizeof...(only_where), only_where...);
    // A call that this architecture never had needs no rule.
    if (error_ == EDOM) error_ = 0;
  }

  Status load() {
    if (error_ == 0) error_ = -seccomp_load(filter_.get());
    if (error_ == 0) return {};
    return Error{errno_text(error_)};
  }

 private:
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter_;
  int error_ = 0;
};

scmp_arg_cmp equal(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp has_bits(unsigned argument, std::uint64_t mask, std::uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, bits};
}

void close_sockets(Rules& rules, PacketSockets packet_sockets) {
  const bool packets = packet_sockets == PacketSockets::allowed;
  for (std::uint64_t family = 0; family < AF_MAX; ++family) {
    const bool needed = family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
                        family == AF_NETLINK || (family == AF_PACKET && packets);
    if (!needed) rules.refuse(SCMP_SYS(socket), equal(0, family));
  }
  rules.refuse(SCMP_SYS(socket), scmp_arg_cmp{0, SCMP_CMP_GE, AF_MAX, 0});
  if (packets) return;
  constexpr std::uint64_t kType = 0xf;  // without SOCK_NONBLOCK and SOCK_CLOEXEC
  for (const std::uint64_t family : {std::uint64_t{AF_INET}, std::uint64_t{AF_INET6}}) {
    rules.refuse(SCMP_SYS(socket), equal(0, family), has_bits(1, kType, SOCK_RAW));
  }
}

}  // namespace

Status close_system_calls(PacketSockets packet_sockets) {
  if (kSanitized) return {};
  Rules rules;
  for (const int call : kNever) rules.refuse(call);
  close_sockets(rules, packet_sockets);
  for (const std::uint64_t flag : {std::uint64_t{CLONE_NEWUSER}, std::uint64_t{CLONE_NEWNS},
                                   std::uint64_t{CLONE_NEWNET}, std::uint64_t{CLONE_NEWPID}}) {
    rules.refuse(SCMP_SYS(clone), has_bits(0, flag, flag));
  }
  // Its flags stand behind a pointer: glibc takes the older call instead.
  rules.refuse_with(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  constexpr std::uint64_t kWritten = PROT_WRITE | PROT_EXEC;  // memory written to, then run
  rules.refuse(SCMP_SYS(mmap), has_bits(2, kWritten, kWritten));
  rules.refuse(SCMP_SYS(mprotect), has_bits(2, PROT_EXEC, PROT_EXEC));
  if (packet_sockets == PacketSockets::refused) rules.refuse(SCMP_SYS(capset));
  return rules.load();
}

}  // namespace itnxt
