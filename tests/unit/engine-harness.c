/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "tests/unit/engine-harness.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/packet-builder.h"
#include "xfsm/io/capture.h"
#include "xfsm/program/compile.h"
#include "xfsm/program/xml.h"

/* Longest frame that a test builds. */
#define FRAME_MAX 2048

unsigned int
eh_seeds(unsigned int usual)
{
    const char *text = getenv("XFSM_SEEDS");
    int n = text ? atoi(text) : 0;

    return n > 0 ? (unsigned int) n : usual;
}

/* ## Programs ## */

/* Fails the test with all diagnostics if 'ok' is false. */
static void
check_diags(struct xfsm_diags *diags, bool ok)
{
    if (!ok) {
        char *text = xfsm_diags_format(diags, XFSM_DIAG_WARNING);

        print_error("%s", text);
        free(text);
        xfsm_diags_destroy(diags);
        fail_msg("the program does not compile");
    }
    xfsm_diags_destroy(diags);
}

struct xfsm_program *
eh_model(const char *name, const char *xml)
{
    struct xfsm_program *program;
    struct xfsm_diags diags;

    xfsm_diags_init(&diags, name);
    program = xfsm_xml_load(xml, strlen(xml), name, &diags);
    check_diags(&diags, program != NULL);
    return program;
}

void *
eh_image_of_model(const struct xfsm_program *program, size_t *lenp)
{
    struct xfsm_diags diags;
    void *image = NULL;
    bool ok;

    xfsm_diags_init(&diags, program->name);
    ok = xfsm_compile(program, &diags, &image, lenp);
    check_diags(&diags, ok);
    return image;
}

void *
eh_image(const char *name, const char *xml, size_t *lenp)
{
    struct xfsm_diags diags;
    void *image = NULL;
    bool ok;

    xfsm_diags_init(&diags, name);
    ok = xfsm_compile_xml(xml, strlen(xml), name, &diags, &image, lenp);
    check_diags(&diags, ok);
    return image;
}

void
eh_refuse(const char *xml, const char *part)
{
    struct xfsm_diags diags;
    void *image = NULL;
    char *text;
    size_t len;

    xfsm_diags_init(&diags, "p");
    assert_false(xfsm_compile_xml(xml, strlen(xml), "p", &diags, &image,
                                  &len));
    assert_null(image);
    assert_true(diags.n_errors > 0);
    text = xfsm_diags_format(&diags, XFSM_DIAG_ERROR);
    xfsm_diags_destroy(&diags);
    if (!strstr(text, part)) {
        print_error("not in the message: \"%s\"\n%s", part, text);
        free(text);
        fail();
    }
    free(text);
}

char *
eh_read_file(const char *path, size_t *lenp)
{
    FILE *file = fopen(path, "rb");
    size_t len = 0, n;
    char *text = NULL;

    if (!file) {
        return NULL;
    }
    do {
        text = realloc(text, len + 65537);
        assert_non_null(text);
        n = fread(text + len, 1, 65536, file);
        len += n;
    } while (n);
    fclose(file);
    text[len] = '\0';
    if (lenp) {
        *lenp = len;
    }
    return text;
}

const char *
eh_shared_data(void)
{
    const char *folder = getenv("XFSM_SHARED_DATA");

    folder = folder ? folder : "../shared/data";
    if (access(folder, R_OK)) {
        print_message("no shared test data in \"%s\": skipped\n", folder);
        return NULL;
    }
    return folder;
}

void
eh_for_each_file(const char *folder, const char *const suffixes[],
                 void (*cb)(const char *path, const char *name, void *aux),
                 void *aux)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char path[2048];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        for (int j = 0; suffixes[j]; j++) {
            size_t len = strlen(suffixes[j]);

            if (strlen(name) > len
                && !strcmp(name + strlen(name) - len, suffixes[j])) {
                cb(path, name, aux);
                break;
            }
        }
        free(entries[i]);
    }
    free(entries);
}

void
eh_for_each_program(void (*cb)(const char *path, const char *name, void *aux),
                    void *aux)
{
    static const char *const xml[] = { ".xml", NULL };
    const char *top = getenv("top_srcdir");
    char path[1024];

    snprintf(path, sizeof path, "%s/programs", eh_shared_data());
    eh_for_each_file(path, xml, cb, aux);
    snprintf(path, sizeof path, "%s/utilities/programs", top ? top : ".");
    eh_for_each_file(path, xml, cb, aux);
}

/* ## Packets kept in memory ## */

void
eh_packets_add(struct eh_packets *list, const struct xfsm_packet *packet)
{
    struct xfsm_packet *p;
    uint8_t *data = malloc(packet->caplen ? packet->caplen : 1);

    if (list->n >= list->allocated) {
        list->allocated = list->allocated ? list->allocated * 2 : 64;
        list->packets = realloc(list->packets,
                                list->allocated * sizeof *list->packets);
    }
    assert_non_null(list->packets);
    assert_non_null(data);
    p = &list->packets[list->n++];
    *p = *packet;
    memcpy(data, packet->data, packet->caplen);
    p->data = data;
    p->scratch = malloc(XFSM_PACKET_SCRATCH);
    assert_non_null(p->scratch);
}

void
eh_packets_free(struct eh_packets *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free((void *) (uintptr_t) list->packets[i].data);
        free(list->packets[i].scratch);
    }
    free(list->packets);
    memset(list, 0, sizeof *list);
}

bool
eh_packets_read(struct eh_packets *list, const char *path, size_t max)
{
    struct xfsm_capture *capture;
    struct xfsm_packet packet;
    char *error = xfsm_capture_open(path, &capture);
    int n = 1;

    if (error) {
        free(error);
        return false;
    }
    while (list->n < max && (n = xfsm_capture_next(capture, &packet)) > 0) {
        eh_packets_add(list, &packet);
    }
    xfsm_capture_close(capture);
    return n == 0;
}

const char *const eh_captures[] = { ".pcap", ".pcapng", NULL };

struct capture_reader {
    size_t max;
    void (*cb)(const char *name, const struct eh_packets *);
};

static void
read_capture(const char *path, const char *name, void *reader_)
{
    const struct capture_reader *reader = reader_;
    struct eh_packets packets = { 0, 0, NULL };

    eh_packets_read(&packets, path, reader->max);
    if (packets.n && packets.packets[0].link_type == XFSM_LINK_ETHERNET) {
        reader->cb(name, &packets);
    }
    eh_packets_free(&packets);
}

void
eh_for_each_capture(const char *folder, size_t max,
                    void (*cb)(const char *name, const struct eh_packets *))
{
    struct capture_reader reader = { max, cb };
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", eh_shared_data(), folder);
    eh_for_each_file(path, eh_captures, read_capture, &reader);
}

/* ## Lines ## */

void
eh_lines_add(struct eh_lines *lines, char *line)
{
    if (lines->n >= lines->allocated) {
        lines->allocated = lines->allocated ? lines->allocated * 2 : 64;
        lines->lines = realloc(lines->lines,
                               lines->allocated * sizeof *lines->lines);
        assert_non_null(lines->lines);
    }
    lines->lines[lines->n++] = line;
}

void
eh_lines_clear(struct eh_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        free(lines->lines[i]);
    }
    free(lines->lines);
    memset(lines, 0, sizeof *lines);
}

size_t
eh_lines_differ(const struct eh_lines *a, const struct eh_lines *b)
{
    size_t i = 0;

    while (i < a->n && i < b->n && !strcmp(a->lines[i], b->lines[i])) {
        i++;
    }
    return i < a->n || i < b->n ? i : SIZE_MAX;
}

/* The key of a line, as "{ip_src=10.0.0.1 dst_port=80}". */
static void
print_key(FILE *stream, const struct eh_line *line)
{
    const char *separator = "";

    fputs(" key{", stream);
    for (int i = 0; i < line->n_key_fields; i++) {
        unsigned int field = line->key_fields[i];
        char text[XFSM_FIELD_TEXT_MAX];

        if (xfsm_fieldset_has(&line->packet->present, field)) {
            size_t len = xfsm_prefix_format(line->packet, field,
                                            line->key_prefixes[i], text,
                                            sizeof text);

            fprintf(stream, "%s%s=%.*s", separator, xfsm_fields[field].name,
                    (int) len, text);
            separator = " ";
        }
    }
    fputs("}", stream);
}

static void
print_features(FILE *stream, int n, const char *const names[],
               const double values[])
{
    if (n) {
        fputs(" {", stream);
        for (int i = 0; i < n; i++) {
            fprintf(stream, "%s%s=%.6g", i ? " " : "", names[i], values[i]);
        }
        fputs("}", stream);
    }
}

char *
eh_line_format(const struct eh_line *line)
{
    char *buf;
    size_t len;
    FILE *stream = open_memstream(&buf, &len);

    assert_non_null(stream);
    fprintf(stream, "%"PRIu64" %s %s state=%s>%s code=%s level=%s "
            "description=%s", line->ts, line->label, line->program,
            line->state, line->next_state, line->code, line->level,
            line->description);
    print_key(stream, line);
    print_features(stream, line->n_features, line->feature_names,
                   line->feature_values);
    if (line->raw) {
        fputs(" raw=", stream);
        for (size_t i = 0; i < line->raw_len; i++) {
            fprintf(stream, "%02x", line->raw[i]);
        }
    }
    if (line->hops) {
        fprintf(stream, " hops=%u", line->hops);
    }
    fputs(line->suspect ? " suspect text=" : " text=", stream);
    for (size_t i = 0; i < line->text_len; i++) {
        unsigned char c = (unsigned char) line->text[i];

        if (c >= ' ' && c <= '~') {
            fputc(c, stream);
        } else {
            fprintf(stream, "\\%02x", c);
        }
    }
    fclose(stream);
    return buf;
}

static char *
format_brief(const struct xfsm_event *event)
{
    double seconds = (double) (int64_t) (event->ts - EH_EPOCH) / 1e9;
    char *buf;
    size_t len;
    FILE *stream = open_memstream(&buf, &len);

    assert_non_null(stream);
    fprintf(stream, "%.10g %s %s", seconds, event->label, event->text);
    if (event->suspect) {
        fputs(" suspect", stream);
    }
    if (event->lost) {
        fprintf(stream, " lost=%llu", (unsigned long long) event->lost);
    }
    if (event->raw) {
        fprintf(stream, " raw=%zu", event->raw_len);
    }
    if (event->hops) {
        fprintf(stream, " hops=%u", event->hops);
    }
    print_features(stream, event->n_features, event->feature_names,
                   event->feature_values);
    fclose(stream);
    return buf;
}

static void
collect(const struct xfsm_event *event, void *eh_)
{
    struct eh *eh = eh_;
    struct eh_line line = {
        .ts = event->ts, .label = event->label, .program = event->program,
        .state = event->state, .next_state = event->next_state,
        .code = event->code, .level = event->level,
        .description = event->description, .packet = event->packet,
        .key_fields = event->key_fields, .n_key_fields = event->n_key_fields,
        .key_prefixes = event->key_prefixes,
        .n_features = event->n_features,
        .feature_names = event->feature_names,
        .feature_values = event->feature_values, .raw = event->raw,
        .raw_len = event->raw_len, .suspect = event->suspect,
        .hops = event->hops,
        .text = event->text, .text_len = event->text_len,
    };

    assert_int_equal(event->text[event->text_len], '\0');
    eh_lines_add(&eh->brief, format_brief(event));
    eh_lines_add(&eh->full, eh_line_format(&line));
}

/* ## Running ## */

void
eh_init(struct eh *eh)
{
    eh_init_backend(eh, XFSM_BACKEND_AUTO);
}

static void
init(struct eh *eh, const char *bridge, const char *port,
     enum xfsm_backend backend)
{
    struct xfsm_engine_options options = {
        .identity = {
            .host = "host0", .bridge = bridge, .port = port, .epoch = 1,
        },
        .backend = backend,
        .emit = collect,
        .aux = eh,
    };

    memset(eh, 0, sizeof *eh);
    eh->identity = options.identity;
    assert_null(xfsm_engine_create(&options, &eh->engine));
}

void
eh_init_backend(struct eh *eh, enum xfsm_backend backend)
{
    init(eh, "br0", "port0", backend);
}

void
eh_init_port(struct eh *eh, const char *bridge, const char *port)
{
    init(eh, bridge, port, XFSM_BACKEND_AUTO);
}

void
eh_free(struct eh *eh)
{
    xfsm_engine_destroy(eh->engine);
    eh_lines_clear(&eh->brief);
    eh_lines_clear(&eh->full);
}

void
eh_load(struct eh *eh, const char *name, const char *xml)
{
    size_t len;
    void *image = eh_image(name, xml, &len);
    char *error = xfsm_engine_load(eh->engine, image, len);

    free(image);
    if (error) {
        print_error("%s\n", error);
        free(error);
        fail_msg("the image does not load");
    }
}

static uint64_t
time_of(double seconds)
{
    return EH_EPOCH + (uint64_t) (int64_t) (seconds * 1e9
                                            + (seconds < 0 ? -0.5 : 0.5));
}

void
eh_frame(struct eh *eh, double seconds, const void *data, size_t len)
{
    struct xfsm_packet packet;
    char scratch[XFSM_PACKET_SCRATCH];

    pb_packet(&packet, data, len, time_of(seconds), scratch);
    xfsm_engine_run(eh->engine, &packet, 1);
}

void
eh_tcp(struct eh *eh, double seconds, const char *src, const char *dst,
       unsigned int dport, unsigned int flags)
{
    uint8_t buf[FRAME_MAX];

    eh_frame(eh, seconds, buf, pb_tcp_frame(buf, sizeof buf, src, 40000, dst,
                                            dport, flags, "x"));
}

void
eh_syn(struct eh *eh, double seconds, const char *src, const char *dst,
       unsigned int dport)
{
    eh_tcp(eh, seconds, src, dst, dport, PB_SYN);
}

void
eh_udp(struct eh *eh, double seconds, const char *src, const char *dst,
       unsigned int dport)
{
    uint8_t buf[FRAME_MAX];

    eh_frame(eh, seconds, buf, pb_udp_frame(buf, sizeof buf, src, 5000, dst,
                                            dport, "x"));
}

void
eh_dns(struct eh *eh, double seconds, const char *server, const char *client,
       unsigned int rcode, const char *name)
{
    uint8_t buf[FRAME_MAX];

    eh_frame(eh, seconds, buf,
             pb_dns_response_frame(buf, sizeof buf, server, client, rcode,
                                   name, PB_DNS_A, NULL));
}

void
eh_run(struct eh *eh, const struct eh_packets *list, size_t batch)
{
    struct xfsm_packet *packets = malloc(batch * sizeof *packets);

    assert_non_null(packets);
    for (size_t i = 0; i < list->n; i += batch) {
        size_t n = list->n - i < batch ? list->n - i : batch;

        memcpy(packets, &list->packets[i], n * sizeof *packets);
        xfsm_engine_run(eh->engine, packets, n);
    }
    free(packets);
}

void
eh_advance(struct eh *eh, double seconds)
{
    xfsm_engine_advance(eh->engine, time_of(seconds));
}

void
eh_expect(struct eh *eh, ...)
{
    const char *expected;
    va_list args;
    size_t i = 0;
    bool ok = true;

    va_start(args, eh);
    while ((expected = va_arg(args, const char *)) != NULL) {
        ok = ok && i < eh->brief.n && !strcmp(eh->brief.lines[i], expected);
        if (!ok) {
            print_error("event %zu: expected \"%s\"\n", i, expected);
        }
        i++;
    }
    va_end(args);
    ok = ok && i == eh->brief.n;
    for (i = 0; !ok && i < eh->brief.n; i++) {
        print_error("published: \"%s\"\n", eh->brief.lines[i]);
    }
    eh_lines_clear(&eh->brief);
    eh_lines_clear(&eh->full);
    assert_true(ok);
}

struct xfsm_engine_stats
eh_stats(const struct eh *eh)
{
    struct xfsm_engine_stats stats;

    xfsm_engine_get_stats(eh->engine, &stats);
    return stats;
}
