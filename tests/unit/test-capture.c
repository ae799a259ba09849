/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/packet-builder.h"
#include "xfsm/io/capture.h"

#define FILE_HEADER_LEN 24
#define RECORD_HEADER_LEN 16

static char dir[] = "/tmp/xfsm-test-capture-XXXXXX";
static char path[sizeof dir + 16];
static uint8_t frame[XFSM_CAPTURE_FRAME_MAX + 1];

static int
setup(void **state)
{
    (void) state;
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/test.pcap", dir);
    return 0;
}

static int
teardown(void **state)
{
    (void) state;
    unlink(path);
    return rmdir(dir);
}

static struct xfsm_capture *
must_open(void)
{
    struct xfsm_capture *capture = NULL;
    char *error = xfsm_capture_open(path, &capture);

    if (error) {
        fail_msg("%s", error);
    }
    return capture;
}

/* Opening 'path' must fail with a text that names the file and has 'reason'
 * in it, and must store nothing. */
static void
must_not_open(const char *file, const char *reason)
{
    struct xfsm_capture *capture = NULL;
    char *error = xfsm_capture_open(file, &capture);

    assert_non_null(error);
    assert_non_null(strstr(error, file));
    if (!strstr(error, reason)) {
        fail_msg("\"%s\" does not say \"%s\"", error, reason);
    }
    assert_null(capture);
    free(error);
}

/* Writes 'n' frames of 'len' bytes, frame I filled with I. */
static void
write_frames(unsigned int n, size_t len)
{
    FILE *file = pb_pcap_open(path, PB_LINKTYPE_ETHERNET);
    unsigned int i;

    for (i = 0; i < n; i++) {
        memset(frame, (int) i, len);
        pb_pcap_write(file, i, frame, len, len);
    }
    pb_pcap_close(file);
}

static void
test_one_by_one(void **state)
{
    struct xfsm_capture *capture;
    struct xfsm_packet packet;
    FILE *file;
    size_t len;

    (void) state;
    len = pb_tcp_frame(frame, sizeof frame, "10.0.0.1", 1, "10.0.0.2", 2,
                       PB_SYN, NULL);
    file = pb_pcap_open(path, PB_LINKTYPE_ETHERNET);
    pb_pcap_write(file, UINT64_C(1700000000123456789), frame, len, len);
    pb_pcap_write(file, 0, frame, len, 1500);
    pb_pcap_write(file, UINT64_C(4294967295999999999), frame, len, 10);
    pb_pcap_write(file, 1, frame, 0, 0);
    pb_pcap_close(file);

    capture = must_open();
    assert_int_equal(xfsm_capture_link_type(capture), XFSM_LINK_ETHERNET);
    memset(&packet, 0xff, sizeof packet);
    assert_int_equal(xfsm_capture_next(capture, &packet), 1);
    assert_int_equal(packet.caplen, len);
    assert_int_equal(packet.len, len);
    assert_true(packet.ts == UINT64_C(1700000000123456789));
    assert_memory_equal(packet.data, frame, len);
    assert_int_equal(packet.link_type, XFSM_LINK_ETHERNET);
    assert_int_equal(packet.direction, XFSM_DIR_UNKNOWN);
    assert_int_equal(packet.aux_vlan_tpid, 0);
    memset(packet.scratch, 0, XFSM_PACKET_SCRATCH);

    assert_int_equal(xfsm_capture_next(capture, &packet), 1);
    assert_int_equal(packet.caplen, len);
    assert_int_equal(packet.len, 1500);
    assert_true(packet.ts == 0);
    assert_int_equal(xfsm_capture_next(capture, &packet), 1);
    assert_int_equal(packet.len, len);          /* Not 10. */
    assert_true(packet.ts == UINT64_C(4294967295999999999));
    assert_int_equal(xfsm_capture_next(capture, &packet), 1);
    assert_int_equal(packet.caplen, 0);

    assert_int_equal(xfsm_capture_next(capture, &packet), 0);
    assert_int_equal(xfsm_capture_next(capture, &packet), 0);
    assert_null(xfsm_capture_error(capture));
    xfsm_capture_close(capture);
    xfsm_capture_close(NULL);
}

static void
test_batch(void **state)
{
    struct xfsm_packet packets[XFSM_CAPTURE_BATCH_MAX + 1], one;
    struct xfsm_capture *capture;
    int n, i;

    (void) state;
    write_frames(600, 60);
    capture = must_open();
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 3), 3);
    assert_int_equal(xfsm_capture_next(capture, &one), 1);
    assert_true(one.ts == 3);

    /* All are valid together, each with scratch memory of its own. */
    n = xfsm_capture_next_batch(capture, packets, XFSM_CAPTURE_BATCH_MAX + 1);
    assert_int_equal(n, XFSM_CAPTURE_BATCH_MAX);
    for (i = 0; i < n; i++) {
        memset(packets[i].scratch, i, XFSM_PACKET_SCRATCH);
    }
    for (i = 0; i < n; i++) {
        assert_true(packets[i].ts == (uint64_t) i + 4);
        assert_int_equal(packets[i].caplen, 60);
        assert_int_equal(packets[i].data[0], (i + 4) % 256);
        assert_int_equal(packets[i].data[59], (i + 4) % 256);
        assert_int_equal((uint8_t) packets[i].scratch[0], i);
        assert_int_equal((uint8_t)
                         packets[i].scratch[XFSM_PACKET_SCRATCH - 1], i);
    }
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 256), 256);
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 256), 84);
    assert_true(packets[83].ts == 599);
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 256), 0);
    assert_int_equal(xfsm_capture_next(capture, &one), 0);
    xfsm_capture_close(capture);
}

/* Frames of the largest size: a batch ends where its memory does, and the
 * frame that did not fit is the next, whoever asks. */
static void
test_large_frames(void **state)
{
    const int fit = XFSM_CAPTURE_BATCH_BYTES / XFSM_CAPTURE_FRAME_MAX;
    struct xfsm_packet packets[16];
    struct xfsm_capture *capture;
    int n;

    (void) state;
    write_frames((unsigned int) fit * 2 + 2, XFSM_CAPTURE_FRAME_MAX);
    capture = must_open();
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 16), fit);
    assert_int_equal(packets[0].caplen, XFSM_CAPTURE_FRAME_MAX);
    assert_int_equal(packets[0].data[0], 0);
    assert_int_equal(packets[fit - 1].data[XFSM_CAPTURE_FRAME_MAX - 1],
                     fit - 1);
    assert_int_equal(xfsm_capture_next(capture, &packets[0]), 1);
    assert_int_equal(packets[0].data[0], fit);
    n = xfsm_capture_next_batch(capture, packets, 16);
    assert_int_equal(n, fit);
    assert_int_equal(packets[0].data[0], fit + 1);
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 16), 1);
    assert_int_equal(packets[0].data[0], fit * 2 + 1);
    assert_int_equal(xfsm_capture_next_batch(capture, packets, 16), 0);
    xfsm_capture_close(capture);

    write_frames(1, XFSM_CAPTURE_FRAME_MAX + 1);
    capture = must_open();
    assert_int_equal(xfsm_capture_next(capture, packets), -1);
    assert_non_null(strstr(xfsm_capture_error(capture), "frame 1: "));
    xfsm_capture_close(capture);
}

/* Reads the file, the first packets of which are whole, then ends in an
 * error where 'cut'. */
static void
check_cut_file(int n_whole, bool cut, bool batch)
{
    struct xfsm_capture *capture = must_open();
    struct xfsm_packet packets[8];
    char text[64];
    int n = 0;
    int retval;

    do {
        retval = (batch ? xfsm_capture_next_batch(capture, packets, 8)
                  : xfsm_capture_next(capture, packets));
        n += retval > 0 ? retval : 0;
    } while (retval > 0);
    assert_int_equal(n, n_whole);
    assert_int_equal(retval, cut ? -1 : 0);
    if (cut) {
        snprintf(text, sizeof text, ": frame %d: truncated", n_whole + 1);
        assert_non_null(strstr(xfsm_capture_error(capture), text));
        assert_non_null(strstr(xfsm_capture_error(capture), path));
        /* Final, and the same to everybody. */
        assert_int_equal(xfsm_capture_next(capture, packets), -1);
        assert_int_equal(xfsm_capture_next_batch(capture, packets, 8), -1);
    } else {
        assert_null(xfsm_capture_error(capture));
    }
    xfsm_capture_close(capture);
}

static void
test_cut_file(void **state)
{
    const int n_frames = 3;
    const size_t frame_len = 20;
    const size_t record = RECORD_HEADER_LEN + frame_len;
    size_t len;

    (void) state;
    write_frames((unsigned int) n_frames, frame_len);
    for (len = FILE_HEADER_LEN + (size_t) n_frames * record;
         len >= FILE_HEADER_LEN; len--) {
        size_t left = len - FILE_HEADER_LEN;

        assert_int_equal(truncate(path, (off_t) len), 0);
        check_cut_file((int) (left / record), left % record, false);
        check_cut_file((int) (left / record), left % record, true);
    }
    for (; len < FILE_HEADER_LEN; len--) {
        assert_int_equal(truncate(path, (off_t) len), 0);
        must_not_open(path, "truncated");
        if (!len) {
            break;
        }
    }
}

static void
check_link_type(unsigned int linktype, enum xfsm_link_type expected)
{
    struct xfsm_capture *capture;

    pb_pcap_close(pb_pcap_open(path, linktype));
    capture = must_open();
    assert_int_equal(xfsm_capture_link_type(capture), expected);
    xfsm_capture_close(capture);
}

static void
test_link_types(void **state)
{
    (void) state;
    check_link_type(0, XFSM_LINK_NULL);
    check_link_type(1, XFSM_LINK_ETHERNET);
    check_link_type(12, XFSM_LINK_RAW_IP);
    check_link_type(14, XFSM_LINK_RAW_IP);
    check_link_type(101, XFSM_LINK_RAW_IP);
    check_link_type(108, XFSM_LINK_NULL);
    check_link_type(113, XFSM_LINK_LINUX_SLL);
    check_link_type(228, XFSM_LINK_RAW_IP);
    check_link_type(229, XFSM_LINK_RAW_IP);
    check_link_type(239, XFSM_LINK_NFLOG);
    check_link_type(276, XFSM_LINK_LINUX_SLL2);

    pb_pcap_close(pb_pcap_open(path, 105));
    must_not_open(path, "link type 105 (IEEE802_11");
    pb_pcap_close(pb_pcap_open(path, 9999));
    must_not_open(path, "link type 9999 (unknown)");
}

static void
test_not_a_capture(void **state)
{
    FILE *file;

    (void) state;
    must_not_open("/no/such/file.pcap", "No such file or directory");
    must_not_open(dir, "directory");

    file = fopen(path, "w");
    assert_non_null(file);
    fputs("This text is long enough for a header, but it is none.\n", file);
    fclose(file);
    must_not_open(path, "not a readable capture file");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_by_one),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_large_frames),
        cmocka_unit_test(test_cut_file),
        cmocka_unit_test(test_link_types),
        cmocka_unit_test(test_not_a_capture),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
