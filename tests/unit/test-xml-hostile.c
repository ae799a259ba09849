/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Hostile documents: each must be refused with a clear error, within 50 ms of
 * CPU time and 64 MiB of address space, and without a file or a connection
 * being opened.
 *
 * Every document is loaded in a child of its own, whose address space is
 * limited to that much more than it has.  Sanitizers need more memory and
 * time than that: under them the limits are not set. */

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/program-fixture.h"
#include "xfsm/program/xml-scan.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define MAX_MEMORY (64 * 1024 * 1024)
#define MAX_CPU_MS 50

/* A place in a document where something is repeated. */
#define START "<botstream>\n<statedef id=\"a\"/>\n"
#define END \
    "<event type=\"packet\" primary-key=\"ip_src\"><state id=\"a\"/></event>" \
    "\n</botstream>\n"
#define HANDLER \
    "<event type=\"packet\" primary-key=\"ip_src\"><state id=\"a\">"
#define HANDLER_END "</state></event></botstream>"

/* A document: 'head', 'n' times 'part', 'tail'.  In 'part', '#' stands for
 * the number of the repetition, in four hexadecimal digits. */
struct hostile {
    const char *name;
    const char *head;
    const char *part;
    int n;
    const char *tail;
    int line;                   /* Of the error; 0: none. */
    const char *error;          /* Part of it. */
};

#define ONE(NAME, DOC, LINE, ERROR) { NAME, DOC, "", 0, "", LINE, ERROR }

static const struct hostile documents[] = {
    /* Entities and document types. */
    ONE("billion laughs",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [\n"
        "<!ENTITY a \"lol\">\n<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\n"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">\n"
        "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">]>\n"
        "<botstream x=\"&d;\"/>", 2, "document types and entity"),
    { "quadratic blowup", "<!DOCTYPE b [<!ENTITY a \"", "x", 50000,
      "\">]><botstream>&a;&a;&a;&a;</botstream>", 1, "document types" },
    ONE("external general entity",
        "<!DOCTYPE b [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
        "<botstream>&x;</botstream>", 1, "document types"),
    ONE("external parameter entity",
        "<!DOCTYPE b [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/x\"> %x;]>"
        "<botstream/>", 1, "document types"),
    ONE("external document type",
        "<!DOCTYPE b SYSTEM \"http://127.0.0.1:1/x.dtd\"><botstream/>", 1,
        "document types"),
    ONE("public document type",
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" "
        "\"http://127.0.0.1:1/x.dtd\"><html/>", 1, "document types"),
    ONE("document type in the middle",
        START "<!DOCTYPE b []>" END, 3, "document types"),
    ONE("attribute defaults",
        "<!DOCTYPE b [<!ATTLIST b x CDATA \"y\">]><botstream/>", 1,
        "document types"),
    ONE("entity without declaration", START "<feature name=\"f\" "
        "body=\"&x;\"/>" END, 3, "\"&x;"),
    ONE("HTML entity in text", START "a&nbsp;b" END, 3, "\"&nbsp;"),
    ONE("parameter entity reference", "<botstream>%x;</botstream>", 1,
        "text in <botstream>"),
    ONE("bare ampersand", START "<feature name=\"f\" body=\"1 && 2\"/>" END,
        3, "write \"&amp;\""),
    { "entity flood", "<botstream x=\"", "&lol;", 200000, "\"/>", 1,
      "too long" },

    /* Size. */
    { "one byte too long", "<botstream>", " ", XFSM_MAX_SOURCE_BYTES - 22,
      "</botstream>", 0, "the program has 1048577 bytes" },
    { "four megabytes", "<botstream>", "<a/><a/><a/><a/>", 262144,
      "</botstream>", 0, "the limit is 1048576" },
    { "huge attribute", "<botstream x=\"", "y", 1000000, "\"/>", 1,
      "too long; the limit is 65535 bytes" },
    { "huge attribute name", "<botstream ", "y", 1000000, "=\"\"/>", 1,
      "too long for the name of an attribute" },
    { "huge element name", "<", "y", 1000000, "/>", 1,
      "too long for the name of an element" },
    { "many attributes", "<botstream ", "a#=\"\" ", 100000, "/>", 1,
      "too many attributes; the limit is 32" },
    { "many elements", "<botstream>", "<a/>", 200000, "</botstream>", 1,
      "too many elements" },
    { "many known elements", "<botstream>", "<statedef/>", 80000,
      "</botstream>", 1, "too many elements" },
    { "many bad elements", "<botstream>", "<a/>", 49000, "</botstream>", 1,
      "unknown element <a>" },
    { "many bad attributes", "<botstream>", "<statedef a=\"1\" b=\"1\"/>",
      40000, "</botstream>", 1, "\"id\" is missing" },
    { "attributes everywhere", "<botstream>", "<a b=\"\" c=\"\" d=\"\"/>",
      49000, "</botstream>", 1, "too many attributes" },
    { "deep nesting", "<botstream>", "<a>", 300000, "", 1,
      "nested too deep; the limit is 16 levels" },
    { "long text", "<botstream>", "x", 1000000, "</botstream>", 1,
      "text in <botstream>" },
    { "long comment", "<botstream><!--", "x", 1000000, "", 1,
      "this comment is never closed" },
    { "many open comments", "<botstream>", "<!- ", 250000, "", 1,
      "document types" },
    { "many lines", "", "\n", 1000000, "<botstream>", 1000001,
      "<botstream> is never closed" },
    { "character references", "<botstream x=\"", "&amp;", 13000,
      "\"/>", 1, "no state is declared" },
    { "character references over the limit", "<botstream x=\"", "&amp;",
      200000, "\"/>", 1, "too long" },

    /* Encodings. */
    ONE("invalid UTF-8", START "<feature name=\"\xff\xfe\"/>" END, 3,
        "byte 0xff is not valid UTF-8"),
    ONE("overlong UTF-8", START "<!-- \xc0\xaf -->" END, 3,
        "byte 0xc0 is not valid UTF-8"),
    ONE("surrogate in UTF-8", START "<!-- \xed\xa0\x80 -->" END, 3,
        "byte 0xed is not valid UTF-8"),
    ONE("beyond Unicode", START "<!-- \xf4\x90\x80\x80 -->" END, 3,
        "byte 0xf4 is not valid UTF-8"),
    ONE("cut UTF-8", "<botstream>\n\xe2\x82", 2,
        "byte 0xe2 is not valid UTF-8"),
    ONE("UTF-16", "\xff\xfe<", 1, "this is UTF-16 or UTF-32"),
    ONE("UTF-16 big endian", "\xfe\xff", 1, "this is UTF-16 or UTF-32"),
    ONE("declared UTF-16",
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?><botstream/>", 1,
        "encoding \"UTF-16\" is not accepted"),
    ONE("declared UTF-7",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?>\n+ADw-botstream+AD4-",
        1, "encoding \"UTF-7\" is not accepted"),
    ONE("declared EBCDIC",
        "<?xml version=\"1.0\" encoding='IBM037'?><botstream/>", 1,
        "encoding \"IBM037\" is not accepted"),
    ONE("Latin-1 that is not ASCII",
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><!-- \xc3\xa9 -->"
        "<botstream/>", 1, "encoding \"iso-8859-1\" is not accepted"),
    ONE("control character", START "<!-- \x01 -->" END, 3,
        "control character 0x01"),
    ONE("escape", START "<feature name=\"\x1b[31m\"/>" END, 3,
        "control character 0x1b"),

    /* Things of XML that programs do not have. */
    ONE("CDATA", START "<![CDATA[<statedef id=\"b\"/>]]>" END, 3, "CDATA"),
    ONE("XInclude", START "<xi:include "
        "xmlns:xi=\"http://www.w3.org/2001/XInclude\" "
        "href=\"file:///etc/passwd\"/>" END, 3, "XML namespaces"),
    ONE("default namespace",
        "<botstream xmlns=\"http://127.0.0.1:1/\"/>", 1, "XML namespaces"),
    ONE("attribute with a prefix", "<botstream xml:base=\"/\"/>", 1,
        "XML namespaces"),
    ONE("processing instruction", START "<?php echo 1 ?>" END, 3,
        "processing instructions"),
    ONE("style sheet", "<?xml-stylesheet href=\"x.xsl\"?><botstream/>", 1,
        "processing instructions"),
    ONE("second declaration", START "<?xml version=\"1.0\"?>" END, 3,
        "processing instructions"),
    ONE("declaration that never ends", "<?xml version=\"1.0\"", 1,
        "declaration is never closed"),

    /* Not well-formed. */
    ONE("nothing", "", 0, "no XML element"),
    ONE("blanks", " \n\n ", 0, "no XML element"),
    ONE("no markup", "hello", 0, "no XML element"),
    ONE("comment alone", "<!-- x -->", 0, "no XML element"),
    ONE("unclosed element", START "<metrics>\n<metric name=\"m\"/>", 3,
        "<metrics> is never closed"),
    ONE("unclosed tag", START "<statedef id=\"b\"", 3, "a \">\" is missing"),
    ONE("unclosed end tag", START END "</botstream", 5,
        "a \">\" is missing"),
    ONE("unclosed attribute", START "<statedef id=\"b/>\n", 3,
        "is never closed"),
    ONE("crossed elements", START "<metrics>\n<metric name=\"m\">\n"
        "</metrics></metric>" END, 5, "</metrics> where </metric>"),
    ONE("end without start", "</botstream>", 1, "is not open"),
    ONE("two roots", "<botstream/>\n<botstream/>", 2, "not well-formed"),
    ONE("text after the root", "<botstream/>\nx", 2, "not well-formed"),
    ONE("duplicate attribute", START "<statedef id=\"b\" id=\"c\"/>" END, 3,
        "not well-formed"),
    ONE("attribute without value", START "<statedef id/>" END, 3,
        "has no value"),
    ONE("attribute without quotes", START "<statedef id=b/>" END, 3,
        "is not quoted"),
    ONE("attributes without a blank",
        START "<statedef id=\"b\"timeout=\"1\"/>" END, 3,
        "a blank is missing"),
    ONE("less-than in an attribute",
        START "<feature name=\"f\" body=\"1 < 2\"/>" END, 3,
        "write \"&lt;\""),
    ONE("less-than in text", START "1 < 2" END, 3,
        "the name of an element is expected"),
    ONE("dashes in a comment", START "<!-- a -- b -->" END, 3,
        "not well-formed"),
    ONE("bad name", START "<1a/>" END, 3, "not well-formed"),
    ONE("reference to NUL", START "<feature name=\"&#0;\"/>" END, 3,
        "not well-formed"),
    ONE("reference beyond Unicode",
        START "<feature name=\"&#x110000;\"/>" END, 3, "not well-formed"),
    ONE("wrong version", "<?xml version=\"x\"?><botstream/>", 1,
        "not well-formed"),

    /* Well-formed, and costly further on. */
    { "deep expression", START "<feature name=\"f\" body=\"", "(", 65000,
      "\"/>" END, 3, "nested too deep" },
    { "long expression", START "<feature name=\"f\" body=\"1", "+1", 32000,
      "\"/>" END, 3, "the expression is too long" },
    { "many signs", START "<feature name=\"f\" body=\"1", " - - -", 10000,
      "\"/>" END, 3, "nested too deep" },
    { "deep selector",
      START "<event type=\"packet\" primary-key=\"ip_src\" selector=\"", "(",
      65000, "\"/></botstream>", 3, "nested too deep" },
    { "long selector",
      START "<event type=\"packet\" primary-key=\"ip_src\" selector=\"",
      "dst_port 1 or ", 4000, "\"/></botstream>", 3, "more than 64 tests" },
    { "long key",
      START "<event type=\"packet\" primary-key=\"ip_src",
      "-ip_src", 9000, "\"/></botstream>", 3, "more than 8 fields" },
    { "many actions", START HANDLER "<condition expression=\"1\" action=\"",
      "Drop ", 13000, "\"/>" HANDLER_END, 3, "more than 32 actions" },
    { "many unknown actions",
      START HANDLER "<condition expression=\"1\" action=\"", "x;", 32000,
      "\"/>" HANDLER_END, 3, "unknown action \"x\"" },
    { "open parentheses",
      START HANDLER "<condition expression=\"1\" action=\"", "print(", 10000,
      "\"/>" HANDLER_END, 3, "is never closed" },
    { "closed parentheses",
      START HANDLER "<condition expression=\"1\" action=\"print(", ") x",
      20000, "\"/>" HANDLER_END, 3, "the limit is 1024" },
    { "many conditions", START HANDLER, "<condition expression=\"1\"/>",
      30000, HANDLER_END, 3, "the limit is 32" },
    { "many broken expressions", START, "<feature name=\"f#\" body=\"(\"/>",
      30000, END, 3, "too many <feature>" },
    { "long texts of names",
      START HANDLER "<condition expression=\"1\" action=\"",
      "print(%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a);", 1000,
      "\"/>" HANDLER_END, 3, "more than 32 actions" },
    { "many texts of percent signs", START HANDLER,
      "<condition expression=\"1\" action=\"print(%a%a%a%a%a%a%a%a%a%a%a%a"
      "%a%a%a%a%a%a%a%a%a%a%a%a%a)\" next_state=\"x\"/>", 32, HANDLER_END, 3,
      "state \"x\" is not declared" },
    { "duplicate entries", START "<table name=\"t\">",
      "<entry key=\"1\" value=\"1\"/>", 38000, "</table>" END, 3,
      "is in the table already" },
    { "bad entries", START "<table name=\"t\">",
      "<entry key=\"#\" value=\"x\"/>", 34000, "</table>" END, 3,
      "\"x\" is not a number" },
    { "long line of bad words",
      START "<event type=\"packet\" primary-key=\"ip_src\" selector=\"",
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 2000, "\"/></botstream>", 3,
      "unknown field" },
};

#define N_DOCUMENTS (sizeof documents / sizeof documents[0])

/* Returns the text of 'h', '*len' bytes; the caller frees it. */
static char *
make_document(const struct hostile *h, size_t *len)
{
    size_t head = strlen(h->head), part = strlen(h->part);
    size_t tail = strlen(h->tail), n = 0, k;
    char *doc = malloc(head + (part + 4) * (size_t) h->n + tail + 1);
    int i;

    assert_non_null(doc);
    memcpy(doc, h->head, head);
    n = head;
    for (i = 0; i < h->n; i++) {
        for (k = 0; k < part; k++) {
            if (h->part[k] == '#') {
                snprintf(doc + n, 5, "%04x", i & 0xffff);
                n += 4;
            } else {
                doc[n++] = h->part[k];
            }
        }
    }
    memcpy(doc + n, h->tail, tail);
    *len = n + tail;
    return doc;
}

static double
cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

/* Forbids this process to grow by more than MAX_MEMORY. */
static void
limit_memory(void)
{
    FILE *stream = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    struct rlimit limit;

    if (!stream || fscanf(stream, "%lu", &pages) != 1) {
        _exit(99);
    }
    fclose(stream);
    limit.rlim_cur = limit.rlim_max
        = pages * (unsigned long) sysconf(_SC_PAGESIZE) + MAX_MEMORY;
    if (setrlimit(RLIMIT_AS, &limit)) {
        _exit(98);
    }
}

/* From here on, whoever opens a file, makes a socket or executes a program is
 * killed by SIGSYS. */
static void
forbid_opening(void)
{
    static const unsigned int forbidden[] = {
#ifdef SYS_open
        SYS_open,
#endif
        SYS_openat, SYS_openat2, SYS_socket, SYS_connect, SYS_execve,
        SYS_execveat,
    };
    enum { N = sizeof forbidden / sizeof *forbidden };
    struct sock_filter code[2 * N + 2] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    const struct sock_fprog prog = { .len = 2 * N + 2, .filter = code };
    size_t i;

    for (i = 0; i < N; i++) {
        code[2 * i + 1] = (struct sock_filter)
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], 0, 1);
        code[2 * i + 2] = (struct sock_filter)
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    }
    code[2 * N + 1] = (struct sock_filter)
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog)) {
        _exit(97);
    }
}

/* In the child: loads 'doc' and exits with 0 if it is refused as 'h' says. */
static void
load_document(const struct hostile *h, const char *doc, size_t len)
{
    struct xfsm_program *program;
    struct xfsm_diags diags;
    double start, spent;
    bool found = false;
    char *text;
    size_t i;

    if (!SANITIZED) {
        limit_memory();
    }
    forbid_opening();
    start = cpu_ms();
    xfsm_diags_init(&diags, "doc");
    program = xfsm_xml_load(doc, len, "doc", &diags);
    text = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    spent = cpu_ms() - start;

    for (i = 0; i < diags.n; i++) {
        found = found || (diags.items[i].line == h->line
                          && diags.items[i].level == XFSM_DIAG_ERROR
                          && strstr(diags.items[i].message, h->error));
    }
    if (program || !found) {
        fprintf(stderr, "%s: %s, not \"%s\" on line %d:\n%.2000s", h->name,
                program ? "loaded" : "refused", h->error, h->line, text);
        _exit(1);
    } else if (!SANITIZED && spent > MAX_CPU_MS) {
        fprintf(stderr, "%s: took %.0f ms\n", h->name, spent);
        _exit(2);
    }
    xfsm_diags_destroy(&diags);
    free(text);
    _exit(0);
}

static void
test_documents(void **state)
{
    int n_failed = 0;
    size_t i;

    (void) state;
    assert_true(N_DOCUMENTS >= 30);
    for (i = 0; i < N_DOCUMENTS; i++) {
        const struct hostile *h = &documents[i];
        size_t len;
        char *doc = make_document(h, &len);
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (!pid) {
            load_document(h, doc, len);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        free(doc);
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            print_error("\"%s\": %s %d\n", h->name,
                        WIFEXITED(status) ? "status" : "signal",
                        WIFEXITED(status) ? WEXITSTATUS(status)
                        : WTERMSIG(status));
            n_failed++;
        }
    }
    assert_int_equal(n_failed, 0);
}

/* Were a document to open something, that would be seen. */
static void
test_opening_is_seen(void **state)
{
    pid_t pid = fork();
    int status;

    (void) state;
    assert_true(pid >= 0);
    if (!pid) {
        forbid_opening();
        _exit(open("/dev/null", O_RDONLY) >= 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void
refuse_bytes(const char *doc, size_t len, int line, const char *what)
{
    struct fixture fx;

    fixture_load_bytes(&fx, doc, len);
    fixture_assert_error(&fx, line, what);
    fixture_free(&fx);
}

static void
test_nul_bytes(void **state)
{
    static const char middle[] = "<botstream>\n\0</botstream>";
    static const char value[] = "<botstream x=\"a\0b\"/>";
    static const char utf16[] = "<\0b\0/\0>\0";
    static const char utf32[] = "\0\0\0<";

    (void) state;
    refuse_bytes(middle, sizeof middle - 1, 2, "a NUL byte");
    refuse_bytes(value, sizeof value - 1, 1, "a NUL byte");
    refuse_bytes(utf16, sizeof utf16 - 1, 1, "a NUL byte");
    refuse_bytes(utf32, sizeof utf32 - 1, 1, "a NUL byte");
}

/* Every prefix of a document is refused, and no byte behind it is read. */
static void
test_prefixes(void **state)
{
    static const char doc[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- \xc3\xa9 -->"
        "<botstream a='&lt;'><statedef id=\"a\"></statedef>"
        "<event type=\"packet\" primary-key=\"ip_src\"><state id=\"a\">"
        "<condition expression=\"1 &gt; 0\" action=\"print(%ip_src)\"/>"
        "</state></event></botstream>";
    struct fixture fx;
    size_t i;

    (void) state;
    for (i = 0; i < sizeof doc - 1; i++) {
        fixture_load_bytes(&fx, doc, i);
        assert_null(fx.program);
        assert_true(fx.diags.n_errors > 0);
        fixture_free(&fx);
    }
    fixture_load_bytes(&fx, doc, sizeof doc - 1);
    fixture_assert_loaded(&fx, false);
    fixture_free(&fx);
}

/* Loads 'n' times 'part' between 'head' and 'tail'. */
static void
at_limit(const char *head, const char *part, int n, const char *tail,
         const char *error)
{
    const struct hostile h = {
        .head = head, .part = part, .n = n, .tail = tail
    };
    struct fixture fx;
    size_t len;
    char *doc = make_document(&h, &len);

    fixture_load_bytes(&fx, doc, len);
    if (error) {
        fixture_assert_error(&fx, 1, error);
    } else if (fx.diags.n_errors
               && strstr(fx.diags.items[0].message, "limit")) {
        fail_msg("refused: %s", fx.diags.items[0].message);
    }
    fixture_free(&fx);
    free(doc);
}

static void
test_limits(void **state)
{
    struct xfsm_xml_lines lines;
    struct xfsm_diags diags;
    char *blanks;

    (void) state;
    at_limit("", "<a>", XFSM_MAX_XML_DEPTH, "</a></a></a></a></a></a></a>"
             "</a></a></a></a></a></a></a></a></a>", NULL);
    at_limit("", "<a>", XFSM_MAX_XML_DEPTH + 1, "", "nested too deep");
    at_limit("<a>", "<b/>", XFSM_XML_MAX_ELEMENTS - 1, "</a>", NULL);
    at_limit("<a>", "<b/>", XFSM_XML_MAX_ELEMENTS, "</a>",
             "too many elements");
    at_limit("<a ", "b#='' ", XFSM_XML_MAX_ELEMENT_ATTRIBUTES, "/>", NULL);
    at_limit("<a ", "b#='' ", XFSM_XML_MAX_ELEMENT_ATTRIBUTES + 1, "/>",
             "too many attributes; the limit is 32");
    at_limit("<a>", "<b c='' d='' e='' f=''/>",
             XFSM_XML_MAX_ATTRIBUTES / 4, "</a>", NULL);
    at_limit("<a>", "<b c='' d='' e='' f=''/>",
             XFSM_XML_MAX_ATTRIBUTES / 4, "<b c=''/></a>",
             "too many attributes; the limit is 98304");
    at_limit("<a b='", "x", XFSM_XML_MAX_VALUE, "'/>", NULL);
    at_limit("<a b='", "x", XFSM_XML_MAX_VALUE + 1, "'/>", "is too long");
    at_limit("<", "x", XFSM_MAX_NAME, "/>", NULL);
    at_limit("<", "x", XFSM_MAX_NAME + 1, "/>", "is too long for the name");
    at_limit("<a ", "x", XFSM_MAX_NAME, "=''/>", NULL);
    at_limit("<a ", "x", XFSM_MAX_NAME + 1, "=''/>",
             "is too long for the name");

    /* A document of just the size is fine. */
    blanks = malloc(XFSM_MAX_SOURCE_BYTES + 1);
    assert_non_null(blanks);
    memset(blanks, ' ', XFSM_MAX_SOURCE_BYTES + 1);
    memcpy(blanks, "<a/>", 4);
    xfsm_diags_init(&diags, "doc");
    assert_true(xfsm_xml_scan(blanks, XFSM_MAX_SOURCE_BYTES, &lines,
                              &diags));
    xfsm_xml_lines_destroy(&lines);
    assert_false(xfsm_xml_scan(blanks, XFSM_MAX_SOURCE_BYTES + 1, &lines,
                               &diags));
    xfsm_diags_destroy(&diags);
    free(blanks);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening_is_seen),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
