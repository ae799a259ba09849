/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ovs-plugin/cage.h"
#include "ovs-plugin/user.h"

/* What a caged process does is tried in a child process, which exits with
 * one of these. */
enum { ALLOWED = 10, DENIED, NOT_CAGED, WRONG };

/* A socket that listens, made before the cage. */
static int listener;
static char listener_path[] = "/tmp/xfsm-test-cage.XXXXXX";

/* ## Acts.  Each returns true if it could do what it tries. ## */

static bool
act_read_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool
act_create_file(void)
{
    return open("/tmp/xfsm-test-cage.out", O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool
act_remove_file(void)
{
    return unlink(listener_path) == 0;
}

static bool
act_internet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool
act_datagram_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, 0) >= 0;
}

static bool
act_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool
act_connect(void)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(sun.sun_path, listener_path);
    return !connect(sock, (struct sockaddr *) &sun, sizeof sun);
}

static bool
act_fork(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool
act_execute(void)
{
    char *argv[] = { (char *) "true", NULL };

    /* Does not return if it can. */
    execv("/bin/true", argv);
    return false;
}

static bool
act_become_root(void)
{
    return !setuid(0) || !seteuid(0);
}

static bool
act_gain_capability(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct data[2];

    memset(data, 0, sizeof data);
    data[0].effective = data[0].permitted = 1u << CAP_NET_RAW;
    return !syscall(SYS_capset, &header, data);
}

static bool
act_trace_parent(void)
{
    return !ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static bool
act_signal_parent(void)
{
    return !kill(getppid(), 0);
}

static bool
act_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
act_write_and_execute(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return !mprotect(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* What a machine code back end does: never writable and executable at once.
 * Allowed to the kind of probe that has one, and to no other. */
static bool
act_write_then_execute(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return !mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static bool
act_new_namespace(void)
{
    return !unshare(CLONE_NEWUSER);
}

static bool
act_more_descriptors(void)
{
    const struct rlimit r = { .rlim_cur = 4096, .rlim_max = 4096 };

    return !setrlimit(RLIMIT_NOFILE, &r);
}

static bool
act_dump_core(void)
{
    return !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

struct act {
    const char *name;
    bool (*act)(void);
    bool by_filter;             /* Denied by the filter alone. */
};

static const struct act forbidden[] = {
    { "read a file", act_read_file, false },
    { "create a file", act_create_file, false },
    { "remove a file", act_remove_file, false },
    { "open an Internet socket", act_internet_socket, true },
    { "open a datagram socket", act_datagram_socket, true },
    { "open a packet socket", act_packet_socket, false },
    { "connect to a Unix socket", act_connect, false },
    { "fork", act_fork, true },
    { "execute a program", act_execute, false },
    { "become root", act_become_root, false },
    { "gain a capability", act_gain_capability, false },
    { "trace another process", act_trace_parent, false },
    { "signal another process", act_signal_parent, false },
    { "map executable memory", act_executable_memory, true },
    { "make memory writable and executable", act_write_and_execute, true },
    { "make a namespace", act_new_namespace, true },
    { "raise a limit", act_more_descriptors, false },
    { "become dumpable", act_dump_core, true },
};

/* What a probe needs to do, all in one. */
static bool
act_work(void)
{
    struct pollfd pfd = { .fd = listener, .events = POLLIN };
    struct timespec ts;
    char *p;
    int fd;

    p = malloc(300000);
    if (!p) {
        return false;
    }
    memset(p, 1, 300000);
    p = realloc(p, 3000000);
    if (!p) {
        return false;
    }
    free(p);
    if (clock_gettime(CLOCK_REALTIME, &ts) || poll(&pfd, 1, 0) != 1) {
        return false;
    }
    fd = accept(listener, NULL, NULL);
    return (fd >= 0 && !fcntl(fd, F_SETFL, O_NONBLOCK)
            && send(fd, "x", 1, 0) == 1 && !close(fd));
}

static bool
enter(enum xfsm_cage_syscalls syscalls)
{
    struct xfsm_cage cage = {
        .max_fds = 64,
        .max_memory = (size_t) 1 << 30,
        .syscalls = syscalls,
    };
    char *error;

    error = xfsm_user_resolve(NULL, &cage.uid, &cage.gid);
    if (!error) {
        error = xfsm_cage_enter(&cage);
    }
    if (error) {
        print_message("%s\n", error);
        free(error);
        return false;
    }
    return true;
}

/* Does 'act' in a caged child process and returns how it went. */
static int
try(bool (*act)(void), enum xfsm_cage_syscalls syscalls)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid) {
        _exit(!enter(syscalls) ? NOT_CAGED : act() ? ALLOWED : DENIED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : WRONG;
}

static void
check_forbidden(enum xfsm_cage_syscalls syscalls)
{
    size_t n_denied = 0;
    size_t i;

    for (i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        const struct act *f = &forbidden[i];
        int how;

        if (f->by_filter && xfsm_cage_is_sanitized()) {
            continue;
        }
        how = try(f->act, syscalls);
        if (f->act == act_internet_socket && syscalls == XFSM_CAGE_HUB_PEERS) {
            assert_int_equal(how, ALLOWED);
        } else if (how != DENIED) {
            fail_msg("%s: %s", f->name,
                     how == ALLOWED ? "allowed" :
                     how == NOT_CAGED ? "no cage" : "died");
        }
        n_denied++;
    }
    assert_true(n_denied >= (xfsm_cage_is_sanitized() ? 9 : 12));
}

/* An act that the test does can be done outside of the cage: or else it would
 * prove nothing. */
static void
test_control(void **state)
{
    size_t i;

    (void) state;
    if (getuid()) {
        print_message("test_control: needs root\n");
        skip();
    }
    for (i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        const struct act *f = &forbidden[i];
        int status;
        pid_t pid;

        if (f->act == act_remove_file || f->act == act_trace_parent) {
            /* Would disturb this test. */
            continue;
        }
        pid = fork();
        if (!pid) {
            _exit(f->act() ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            fail_msg("%s: cannot be done outside either", f->name);
        }
    }
    unlink("/tmp/xfsm-test-cage.out");
}

static void
test_probe_denied(void **state)
{
    (void) state;
    if (getuid()) {
        print_message("test_probe_denied: needs root\n");
        skip();
    }
    check_forbidden(XFSM_CAGE_PROBE);
    check_forbidden(XFSM_CAGE_PROBE_NATIVE);
}

static void
test_hub_denied(void **state)
{
    (void) state;
    if (getuid()) {
        print_message("test_hub_denied: needs root\n");
        skip();
    }
    check_forbidden(XFSM_CAGE_HUB);
    check_forbidden(XFSM_CAGE_HUB_PEERS);
    check_forbidden(XFSM_CAGE_SERVER);
}

static void
test_work(void **state)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int sock;

    (void) state;
    strcpy(sun.sun_path, listener_path);
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    while ((sock = accept(listener, NULL, NULL)) >= 0) {
        /* Of test_control(). */
        close(sock);
    }
    sock = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(sock, (struct sockaddr *) &sun, sizeof sun), 0);
    assert_int_equal(try(act_work, XFSM_CAGE_PROBE), ALLOWED);
    close(sock);
}

/* Only the probe that has a machine code back end can make code. */
static void
test_machine_code(void **state)
{
    (void) state;
    if (xfsm_cage_is_sanitized()) {
        print_message("test_machine_code: no system call filter here\n");
        skip();
    }
    assert_int_equal(try(act_write_then_execute, XFSM_CAGE_PROBE_NATIVE),
                     ALLOWED);
    assert_int_not_equal(try(act_write_then_execute, XFSM_CAGE_PROBE),
                         ALLOWED);
    assert_int_not_equal(try(act_write_then_execute, XFSM_CAGE_HUB),
                         ALLOWED);
}

/* What each thread of ZeroMQ does first. */
static bool
act_schedule(void)
{
    struct sched_param param;
    int policy = sched_getscheduler(0);

    return policy >= 0 && !sched_getparam(0, &param)
           && !sched_setscheduler(0, policy, &param);
}

static bool
act_schedule_real_time(void)
{
    struct sched_param param = { .sched_priority = 1 };

    return !sched_setscheduler(0, SCHED_FIFO, &param);
}

static void
test_hub_threads(void **state)
{
    (void) state;
    assert_int_equal(try(act_schedule, XFSM_CAGE_HUB), ALLOWED);
    assert_int_not_equal(try(act_schedule_real_time, XFSM_CAGE_HUB), ALLOWED);
}

static bool
act_has_identity(void)
{
    uid_t uid = getuid();

    return uid && uid == geteuid() && getgid() && getgid() == getegid();
}

static void
test_identity(void **state)
{
    (void) state;
    if (getuid()) {
        print_message("test_identity: needs root\n");
        skip();
    }
    assert_int_equal(try(act_has_identity, XFSM_CAGE_PROBE), ALLOWED);
}

/* Reads /proc/PID/status of a caged process from outside. */
static void
test_status(void **state)
{
    int to_child[2], to_us[2];
    char path[64], line[256];
    int n_found = 0;
    FILE *stream;
    pid_t pid;
    char c;

    (void) state;
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(to_us), 0);
    pid = fork();
    if (!pid) {
        c = enter(XFSM_CAGE_PROBE) ? 'y' : 'n';
        if (write(to_us[1], &c, 1) != 1 || read(to_child[0], &c, 1) != 1) {
            _exit(1);
        }
        _exit(0);
    }
    assert_int_equal(read(to_us[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
    stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream)) {
        n_found += !strcmp(line, "CapPrm:\t0000000000000000\n");
        n_found += !strcmp(line, "CapEff:\t0000000000000000\n");
        n_found += !strcmp(line, "NoNewPrivs:\t1\n");
        n_found += !strcmp(line, "Seccomp:\t2\n");
        if (!getuid()) {
            n_found += !strcmp(line, "CapBnd:\t0000000000000000\n");
            n_found += !strcmp(line, "Groups:\t \n");
        }
    }
    fclose(stream);
    assert_int_equal(write(to_child[1], "", 1), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(n_found, (getuid() ? 4 : 6) - xfsm_cage_is_sanitized());
}

static int
setup(void **state)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd;

    (void) state;
    fd = mkstemp(listener_path);
    if (fd < 0 || unlink(listener_path)) {
        return -1;
    }
    close(fd);
    strcpy(sun.sun_path, listener_path);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return (listener < 0
            || bind(listener, (struct sockaddr *) &sun, sizeof sun)
            || listen(listener, 5));
}

static int
teardown(void **state)
{
    (void) state;
    return unlink(listener_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_probe_denied),
        cmocka_unit_test(test_hub_denied),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_machine_code),
        cmocka_unit_test(test_hub_threads),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_status),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
