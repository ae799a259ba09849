/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/* Events to JSON and back.
 *
 * Input: a byte that chooses.  Even: the rest is JSON from a stranger, for the
 * decoder.  Odd: the rest becomes the texts and the packet of an event, for
 * the writer.
 *
 * Required: what the writer writes is one line of printable ASCII that fits,
 * and that the decoder reads back; what the decoder accepts is printable, and
 * so is each of its texts without escapes.  If it is a request for mitigation,
 * as the agent (which is root) reads them, a flow that is planned keeps to the
 * policy. */

#include <stdlib.h>
#include <string.h>

#include "ovs-plugin/mitigation-plan.h"
#include "tests/fuzz/fuzz.h"
#include "xfsm/io/event-cbor.h"
#include "xfsm/io/event-decode.h"
#include "xfsm/packet/decode.h"
#include "xfsm/packet/field.h"
#include "xfsm/runtime/event.h"

#define KEY_FIELDS 8

static bool
is_printable(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

static void
check_text(const char *json, size_t len, struct xfsm_str s)
{
    char buf[64];
    size_t n;

    if (!s.p) {
        return;
    }
    fuzz_require(s.p >= json && s.p + s.len <= json + len,
                 "a text lies in the event");
    n = xfsm_event_unescape(s, buf, sizeof buf);
    fuzz_require(n < sizeof buf && n == strlen(buf) && is_printable(buf, n),
                 "a text without escapes is printable");
}

static void
check_request(const struct xfsm_event_view *view)
{
    static const struct mitigation_port mirror = { "span0", 7 };
    static const struct mitigation_prefix prefix = { .bits = 1 };
    static const struct mitigation_policy policy = {
        .enforce = true, .program = true, .normal = true,
        .actions = (1u << XFSM_N_MITIGATIONS) - 1,
        .max_seconds = 60, .max_rules = 1, .rules_per_minute = 1,
        .max_port_rules = 1, .port_rules_per_minute = 1, .in_port = 3,
        .n_mirrors = 1, .mirrors = &mirror,
        .n_prefixes = 1, .prefixes = &prefix,
    };
    static const struct mitigation_usage usage = { .next_id = 1 };
    char text[MITIGATION_TEXT_MAX];
    struct mitigation_request request;
    struct mitigation_flow flow;

    if (!mitigation_request_decode(view, &request)
        || mitigation_plan(&request, &policy, &usage, &flow)) {
        return;
    }
    fuzz_require(flow.hard_timeout >= 1 && flow.hard_timeout <= 60
                 && flow.idle_timeout >= 1 && flow.in_port == 3
                 && (!flow.output || flow.output == 7),
                 "a flow keeps to the policy");
    fuzz_require(!xfsm_fieldset_has(&flow.match.present, XFSM_F_IP_SRC)
                 || flow.match.ip_src.b[0] >> 7,
                 "a flow has no protected address");
    mitigation_flow_format(&flow, text);
    fuzz_require(strlen(text) < sizeof text - 1
                 && strstr(text, ",actions=") != NULL, "a flow fits");
}

/* What decodes has a form as CBOR, in the room that is stated. */
static void
check_cbor(const char *json, size_t len)
{
    size_t size = len * (XFSM_EVENT_CBOR_MAX / XFSM_EVENT_JSON_MAX);
    uint8_t *cbor = malloc(size);
    size_t n;

    fuzz_require(cbor != NULL, "there is memory");
    n = xfsm_event_to_cbor(json, len, cbor, size);
    fuzz_require(n && n <= size, "an event fits as CBOR");
    free(cbor);
}

/* Returns whether the decoder took 'json'. */
static bool
check_decoder(const char *json, size_t len)
{
    struct xfsm_event_view view;

    if (!xfsm_event_decode(json, len, &view)) {
        return false;
    }
    fuzz_require(is_printable(json, len), "an accepted event is printable");
#define CHECK_STRING(NAME) check_text(json, len, view.NAME);
    XFSM_EVENT_STRINGS(CHECK_STRING)
#undef CHECK_STRING
    check_request(&view);
    check_cbor(json, len);
    return true;
}

/* Takes a terminated text of at most 'max' bytes, to be freed. */
static char *
take_text(struct fuzz_input *in, size_t max)
{
    size_t len;
    const uint8_t *p = fuzz_bytes(in, fuzz_u16(in) % (max + 1), &len);
    char *text = malloc(len + 1);

    fuzz_require(text != NULL, "there is memory");
    if (len) {
        memcpy(text, p, len);
    }
    text[len] = '\0';
    return text;
}

static void
check_writer(const struct xfsm_event *event, const struct xfsm_identity *id)
{
    char json[XFSM_EVENT_JSON_MAX];
    char topic[XFSM_EVENT_TOPIC_MAX];
    size_t len;

    len = xfsm_event_format_json(event, id, json, sizeof json);
    fuzz_require(len < sizeof json && !json[len], "an event fits");
    fuzz_require(is_printable(json, len), "an event is printable");
    fuzz_require(check_decoder(json, len), "an event decodes");
    len = xfsm_event_format_topic(event, id, topic, sizeof topic);
    fuzz_require(len < sizeof topic && !topic[len]
                 && is_printable(topic, len), "a topic is printable");
}

/* The longest texts are those that the engine lets through: names of 63
 * bytes, and attributes of a state of 1024. */
static void
write_event(struct fuzz_input *in)
{
    char *names[7], *texts[4];
    const char *feature_names[2];
    double feature_values[2];
    uint8_t key_fields[KEY_FIELDS];
    char scratch[XFSM_PACKET_SCRATCH];
    struct xfsm_fieldset want;
    struct xfsm_packet packet;
    struct xfsm_identity id;
    struct xfsm_event event;
    size_t i;

    memset(&want, 0xff, sizeof want);
    for (i = 0; i < 7; i++) {
        names[i] = take_text(in, 63);
    }
    for (i = 0; i < 4; i++) {
        texts[i] = take_text(in, i ? 255 : XFSM_EVENT_TEXT_MAX);
    }
    for (i = 0; i < 2; i++) {
        uint64_t bits = fuzz_u64(in);

        memcpy(&feature_values[i], &bits, sizeof bits);
        feature_names[i] = names[5 + i];
    }
    id = (struct xfsm_identity) {
        .host = names[0], .bridge = names[1], .port = names[2],
        .epoch = fuzz_u64(in),
        .interface_uuid = names[2], .ids = { texts[1], names[3], NULL, "" },
    };
    event = (struct xfsm_event) {
        .ts = fuzz_u64(in), .seq = fuzz_u64(in),
        .program = names[3], .label = names[4], .state = names[0],
        .next_state = names[2],
        .version = texts[1], .code = texts[2], .level = names[1],
        .description = texts[3],
        .text = texts[0], .text_len = strlen(texts[0]),
        .packet = &packet, .key_fields = key_fields,
        .n_features = fuzz_u8(in) % 3,
        .feature_names = feature_names, .feature_values = feature_values,
        .suspect = fuzz_u8(in) & 1,
    };
    event.n_key_fields = fuzz_u8(in) % (KEY_FIELDS + 1);
    for (i = 0; i < KEY_FIELDS; i++) {
        key_fields[i] = fuzz_u8(in) % XFSM_N_FIELDS;
    }

    packet = (struct xfsm_packet) {
        .data = in->p, .caplen = (uint32_t) in->left,
        .len = (uint32_t) in->left, .ts = event.ts, .scratch = scratch,
    };
    xfsm_decode(&packet, &want);
    if (fuzz_u8(in) & 1) {
        event.raw = packet.data;
        event.raw_len = packet.caplen;
    }
    check_writer(&event, &id);

    for (i = 0; i < 7; i++) {
        free(names[i]);
    }
    for (i = 0; i < 4; i++) {
        free(texts[i]);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };

    if (fuzz_u8(&in) & 1) {
        write_event(&in);
    } else {
        char *json = fuzz_dup(in.p, in.left);

        check_decoder(json, in.left);
        free(json);
    }
    return 0;
}
