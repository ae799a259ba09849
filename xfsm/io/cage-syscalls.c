/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/cage-syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* The part of a socket's type that is no flag. */
#define SOCK_TYPE_MASK 0xf

/* Calls that any caged process may make with any arguments. */
static const int plain_calls[] = {
    /* Descriptors that are open already. */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(lseek),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),

    /* Memory; mmap() and mprotect() are below. */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(mincore),

    /* Time, entropy, the process itself. */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(getrusage), SCMP_SYS(sched_yield), SCMP_SYS(futex),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),

    /* Harmless questions that the C library asks. */
    SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list), SCMP_SYS(membarrier),
};

/* Sockets that are open already, or come from accept(). */
static const int socket_calls[] = {
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendto),
    SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
};

/* What ZeroMQ's threads also do: wait for, wake each other, remove the socket
 * of an endpoint (Landlock says where), and, as they begin, which may be after
 * the cage was closed, ask how they are scheduled and set the same again.  And
 * what the journal does with its files, which are open already. */
static const int hub_calls[] = {
    SCMP_SYS(epoll_ctl), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(rmdir),
    SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(fdatasync),
    SCMP_SYS(fallocate), SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
};

/* A server adds the sockets that it accepts to those it waits for. */
static const int server_calls[] = {
    SCMP_SYS(epoll_ctl),
};

/* The toolbox waits for what draws. */
static const int toolbox_calls[] = {
    SCMP_SYS(wait4), SCMP_SYS(waitid),
};

/* What an intruder would do next, and nothing that only reads and writes. */
static const int hostile_calls[] = {
    SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect),
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(keyctl), SCMP_SYS(add_key),
    SCMP_SYS(request_key), SCMP_SYS(mount), SCMP_SYS(umount2),
    SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(unshare),
    SCMP_SYS(setns), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load), SCMP_SYS(personality),
};

/* The same for who has no children, either. */
static const int birth_calls[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
    SCMP_SYS(clone), SCMP_SYS(clone3),
};

#define N_CALLS(CALLS) (sizeof CALLS / sizeof CALLS[0])

static int
add_all(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        int error = seccomp_rule_add(ctx, action, calls[i], 0);

        /* EDOM: a call that this architecture does not have. */
        if (error && error != -EDOM) {
            return error;
        }
    }
    return 0;
}

static int
allow_all(scmp_filter_ctx ctx, const int *calls, size_t n)
{
    return add_all(ctx, SCMP_ACT_ALLOW, calls, n);
}

/* Allows connections over IP, of TCP alone: with SOCK_NONBLOCK and the like,
 * the type has other bits too. */
static int
allow_connections(scmp_filter_ctx ctx)
{
    static const int families[] = { AF_INET, AF_INET6 };
    int error = 0;
    size_t i;

    for (i = 0; !error && i < sizeof families / sizeof *families; i++) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
                                 SCMP_A0(SCMP_CMP_EQ, families[i]),
                                 SCMP_A1(SCMP_CMP_MASKED_EQ, SOCK_TYPE_MASK,
                                         SOCK_STREAM));
    }
    return error ? error : seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
                                            SCMP_SYS(connect), 0);
}

/* Allows the calls whose arguments matter. */
static int
allow_some(scmp_filter_ctx ctx, enum xfsm_cage_syscalls kind)
{
    static const int fcntl_cmds[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD,
                                      F_ADD_SEALS, F_GET_SEALS };
    const pid_t self = getpid();
    int error = 0;
    size_t i;

    for (i = 0; !error && i < sizeof fcntl_cmds / sizeof *fcntl_cmds; i++) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                 SCMP_A1(SCMP_CMP_EQ, fcntl_cmds[i]));
    }
    if (!error) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    if (!error) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    if (!error && (kind == XFSM_CAGE_PROBE_NATIVE
                   || kind == XFSM_CAGE_TOOLBOX)) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                 SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_EXEC));
    }
    if (!error && kind == XFSM_CAGE_HUB) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
                                 SCMP_SYS(sched_setscheduler), 1,
                                 SCMP_A1(SCMP_CMP_EQ, SCHED_OTHER));
    }
    /* abort() and raise(). */
    if (!error) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                 SCMP_A0(SCMP_CMP_EQ, self));
    }
    if (!error) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
                                 SCMP_A0(SCMP_CMP_EQ, self));
    }
    /* How fstat() is spelled by newer C libraries: with an empty path. */
    if (!error) {
        error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                                 SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH,
                                         AT_EMPTY_PATH));
    }
    return error == -EDOM ? 0 : error;
}

/* Adds the rules of the filter of 'kind'. */
static int
add_rules(scmp_filter_ctx ctx, enum xfsm_cage_syscalls kind)
{
    int error = 0;

    if (kind == XFSM_CAGE_TOOLBOX || kind == XFSM_CAGE_DRAWER) {
        error = add_all(ctx, SCMP_ACT_KILL_PROCESS, hostile_calls,
                        N_CALLS(hostile_calls));
    }
    if (error || kind == XFSM_CAGE_DRAWER) {
        return error;
    }
    error = allow_all(ctx, plain_calls, N_CALLS(plain_calls));
    if (!error) {
        error = allow_some(ctx, kind);
    }
    if (!error && kind == XFSM_CAGE_TOOLBOX) {
        error = allow_all(ctx, toolbox_calls, N_CALLS(toolbox_calls));
        return error ? error : add_all(ctx, SCMP_ACT_KILL_PROCESS,
                                       birth_calls, N_CALLS(birth_calls));
    }
    if (!error) {
        error = allow_all(ctx, socket_calls, N_CALLS(socket_calls));
    }
    if (!error && (kind == XFSM_CAGE_HUB || kind == XFSM_CAGE_HUB_PEERS)) {
        error = allow_all(ctx, hub_calls, N_CALLS(hub_calls));
    }
    if (!error && kind == XFSM_CAGE_HUB_PEERS) {
        error = allow_connections(ctx);
    }
    if (!error && kind == XFSM_CAGE_SERVER) {
        error = allow_all(ctx, server_calls, N_CALLS(server_calls));
    }
    return error;
}

int
xfsm_cage_filter_syscalls(enum xfsm_cage_syscalls kind)
{
    scmp_filter_ctx ctx = seccomp_init(kind == XFSM_CAGE_DRAWER
                                       ? SCMP_ACT_ALLOW
                                       : SCMP_ACT_ERRNO(EPERM));
    int error;

    if (!ctx) {
        return ENOMEM;
    }
    error = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!error) {
        error = add_rules(ctx, kind);
    }
    if (!error) {
        error = seccomp_load(ctx);
    }
    seccomp_release(ctx);
    return -error;
}
