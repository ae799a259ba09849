/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* What the toolbox can ask the kernel for while it looks at a stranger's
 * program: hostile acts under its filter, and that it does have it on before
 * the first byte of a program is parsed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xfsm/io/cage-syscalls.h"

/* How an act ends. */
enum how { ALLOWED, DENIED, KILLED, WRONG };

static const char *const how_names[] = {
    "allowed", "denied", "killed", "wrong",
};

/* Acts by their system call, which returns -1 with EPERM where it is
 * denied. */

static long int
act_execute(void)
{
    char *argv[] = { (char *) "true", NULL };

    return execv("/bin/true", argv);
}

static long int
act_fork(void)
{
    return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) ? 0 : (_exit(0), 0);
}

static long int
act_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long int
act_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static long int
act_trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long int
act_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0);
}

static long int
act_namespace(void)
{
    return syscall(SYS_unshare, 0);
}

static long int
act_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long int
act_remove(void)
{
    return unlink("/tmp/xfsm-test-toolbox-cage.nosuch");
}

static long int
act_signal(void)
{
    return kill(getppid(), 0);
}

static long int
act_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long int
act_raise_limit(void)
{
    return syscall(SYS_prlimit64, 0, 0, NULL, NULL);
}

static long int
act_work(void)
{
    struct timespec now;
    char *p = malloc(1 << 20);
    struct stat s;

    if (!p || clock_gettime(CLOCK_MONOTONIC, &now) || fstat(0, &s)) {
        return -1;
    }
    memset(p, 1, 1 << 20);
    free(p);
    return 0;
}

static long int
act_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static const struct act {
    const char *name;
    long int (*act)(void);
    enum how toolbox, drawer;
} acts[] = {
    { "execute", act_execute, KILLED, ALLOWED },
    { "fork", act_fork, KILLED, ALLOWED },
    { "socket", act_socket, KILLED, KILLED },
    { "socket of a host", act_unix_socket, KILLED, KILLED },
    { "trace", act_trace, KILLED, KILLED },
    { "bpf", act_bpf, KILLED, KILLED },
    { "namespace", act_namespace, KILLED, KILLED },
    { "open", act_open, DENIED, ALLOWED },
    { "remove", act_remove, DENIED, ALLOWED },
    { "signal", act_signal, DENIED, ALLOWED },
    { "executable memory", act_executable_memory, DENIED, ALLOWED },
    { "raise a limit", act_raise_limit, DENIED, ALLOWED },
    { "work", act_work, ALLOWED, ALLOWED },
    { "code that cannot be written", act_code, ALLOWED, ALLOWED },
};

/* Does 'act' under the filter 'kind', in a process of its own. */
static enum how
try(long int (*act)(void), enum xfsm_cage_syscalls kind)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid) {
        if (xfsm_cage_filter_syscalls(kind)) {
            _exit(WRONG);
        }
        errno = 0;
        _exit(act() == -1 && errno == EPERM ? DENIED : ALLOWED);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return (WIFEXITED(status) ? (enum how) WEXITSTATUS(status)
            : WTERMSIG(status) == SIGSYS ? KILLED : WRONG);
}

static void
test_acts(void **state)
{
    size_t i;

    (void) state;
    for (i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        const struct act *a = &acts[i];
        enum how toolbox = try(a->act, XFSM_CAGE_TOOLBOX);
        enum how drawer = try(a->act, XFSM_CAGE_DRAWER);

        if (toolbox != a->toolbox || drawer != a->drawer) {
            fail_msg("%s: %s, and for who draws %s", a->name,
                     how_names[toolbox], how_names[drawer]);
        }
    }
}

/* ## The toolbox itself ## */

#ifndef __SANITIZE_ADDRESS__
/* Returns the number of filters of the process 'pid'. */
static int
count_filters(pid_t pid)
{
    char path[64], line[256];
    FILE *stream;
    int n = 0;

    snprintf(path, sizeof path, "/proc/%ld/status", (long int) pid);
    stream = fopen(path, "r");
    while (stream && fgets(line, sizeof line, stream)) {
        sscanf(line, "Seccomp_filters: %d", &n);
    }
    if (stream) {
        fclose(stream);
    }
    return n;
}

/* Runs the toolbox with 'args', which gets 'text' of its program, and of its
 * standard input no end, until it has filters of system calls.  Returns how
 * many. */
static int
wait_for_filters(const char *const *args, const char *text, int wanted)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
    const char *build = getenv("top_builddir");
    char tool[4096], *argv[8] = { NULL };
    int fds[2], n = 0, i;
    pid_t pid;

    for (i = 0; args[i]; i++) {
        argv[i] = strdup(args[i]);
    }

    snprintf(tool, sizeof tool, "%s/utilities/xfsm", build ? build : ".");
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        dup2(fds[0], STDIN_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        execv(tool, argv);
        _exit(127);
    }
    close(fds[0]);
    assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
    if (*text) {
        close(fds[1]);
    }
    for (i = 0; i < 3000 && n < wanted; i++) {
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
        n = count_filters(pid);
        nanosleep(&pause, NULL);
    }
    if (!*text) {
        close(fds[1]);
    }
    for (i = 0; argv[i]; i++) {
        free(argv[i]);
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return n;
}
#endif

static void
test_toolbox(void **state)
{
    (void) state;
#ifdef __SANITIZE_ADDRESS__
    print_message("a sanitizer calls what it likes: skipped\n");
    skip();
#else
    static const char program[]
        = "<xfsm name='x'><statedef id='q'/><event type='packet' "
          "primary-key='ip_src'><state id='q'><condition expression='true' "
          "action='Publish(log, x)'/></state></event></xfsm>";
    const char *compile[] = { "xfsm", "compile", "--name", "x", "-o", "-",
                              "-", NULL };
    const char *dot[] = { "xfsm", "graph", "-f", "dot", "-", NULL };
    const char *svg[] = { "xfsm", "graph", "-", NULL };
    char folder[] = "/tmp/xfsm-test-toolbox-XXXXXX";
    char fifo[64];
    const char *run[] = { "xfsm", "run", "-", "--pcap", fifo, NULL };
    int fd;

    assert_int_equal(wait_for_filters(compile, "", 1), 1);
    assert_int_equal(wait_for_filters(dot, "", 1), 1);
    if (!system("command -v dot > /dev/null")) {
        assert_int_equal(wait_for_filters(svg, "", 2), 2);
    }

    /* This one reads the program first, and then waits for the capture. */
    assert_non_null(mkdtemp(folder));
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    fd = open(fifo, O_RDWR | O_CLOEXEC);
    assert_int_equal(wait_for_filters(run, program, 1), 1);
    close(fd);
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(rmdir(folder), 0);
#endif
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acts),
        cmocka_unit_test(test_toolbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
