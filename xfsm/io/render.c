/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "xfsm/io/render.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ECS_VERSION "8.11.0"
#define OCSF_VERSION "1.3.0"
#define ATTACK_VERSION "15.1"

/* ## Output. ## */

struct out {
    char *p;
    size_t len;
    bool comma;                 /* A member comes before the next one. */
};

static void __attribute__((format(printf, 2, 3)))
put(struct out *out, const char *format, ...)
{
    size_t left = XFSM_RENDER_MAX - out->len;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(out->p + out->len, left, format, args);
    va_end(args);
    out->len += (size_t) n < left ? (size_t) n : left - 1;
}

static void
put_name(struct out *out, const char *name)
{
    put(out, "%s\"%s\":", out->comma ? "," : "", name);
    out->comma = true;
}

/* A string, which is escaped already; nothing if there is none. */
static void
put_str(struct out *out, const char *name, struct xfsm_str s)
{
    if (s.p) {
        put_name(out, name);
        put(out, "\"%.*s\"", (int) s.len, s.p);
    }
}

static void
put_text(struct out *out, const char *name, const char *s)
{
    put_name(out, name);
    put(out, "\"%s\"", s);
}

static void
put_uint(struct out *out, const char *name, uint64_t value)
{
    put_name(out, name);
    put(out, "%"PRIu64, value);
}

/* A number, as text; nothing if there is none. */
static void
put_number(struct out *out, const char *name, struct xfsm_str s)
{
    if (s.p) {
        put_name(out, name);
        put(out, "%.*s", (int) s.len, s.p);
    }
}

static void
begin(struct out *out, const char *name)
{
    if (name) {
        put_name(out, name);
    }
    put(out, "{");
    out->comma = false;
}

static void
end(struct out *out)
{
    put(out, "}");
    out->comma = true;
}

/* An object as it is in the event; nothing if there is none. */
static void
put_object(struct out *out, const char *name, struct xfsm_str object)
{
    if (object.p) {
        put_name(out, name);
        put(out, "{%.*s}", (int) object.len, object.p);
    }
}

/* ## What events tell. ## */

/* F(MEMBER, FIELD, IS_STRING): fields that have a place in other forms. */
#define FLOW_FIELDS(F) \
    F(src_ip, "ip_src", true) \
    F(dst_ip, "ip_dst", true) \
    F(src_port, "src_port", false) \
    F(dst_port, "dst_port", false) \
    F(src_mac, "eth_src", true) \
    F(dst_mac, "eth_dst", true) \
    F(proto, "proto", false) \
    F(ip_version, "ip_version", false) \
    F(vlan, "vlan_id", false) \
    F(domain, "domain_name", true) \
    F(http_host, "http_host", true) \
    F(url, "http_url", true) \
    F(sni, "tls_sni", true)

struct flow {
#define FLOW_MEMBER(MEMBER, FIELD, IS_STRING) struct xfsm_str MEMBER;
    FLOW_FIELDS(FLOW_MEMBER)
#undef FLOW_MEMBER
};

static void
add_to_flow(struct flow *flow, struct xfsm_str object)
{
    struct xfsm_event_member m;

    while (xfsm_event_next_member(&object, &m)) {
#define FLOW_TAKE(MEMBER, FIELD, IS_STRING) \
        if (xfsm_str_is(m.name, FIELD) && m.is_string == IS_STRING \
            && !flow->MEMBER.p) { \
            flow->MEMBER = m.value; \
        }
        FLOW_FIELDS(FLOW_TAKE)
#undef FLOW_TAKE
    }
}

/* One of the event's external_ids; p is NULL if it has it not. */
static struct xfsm_str
external_id(const struct xfsm_event_view *e, enum xfsm_identity_id id)
{
    struct xfsm_str object = e->external_ids;
    struct xfsm_event_member m;

    while (xfsm_event_next_member(&object, &m)) {
        if (xfsm_str_is(m.name, xfsm_identity_id_names[id]) && m.is_string) {
            return m.value;
        }
    }
    return (struct xfsm_str) { NULL, 0 };
}

/* The virtual machine, as its cloud knows it; p is NULL if that is not
 * known. */
static struct xfsm_str
machine(const struct xfsm_event_view *e)
{
    struct xfsm_str uuid = external_id(e, XFSM_ID_VM_UUID);

    return uuid.p ? uuid : external_id(e, XFSM_ID_VM_ID);
}

static struct flow
get_flow(const struct xfsm_event_view *e)
{
    struct flow flow = { 0 };

    add_to_flow(&flow, e->key);
    add_to_flow(&flow, e->fields);
    return flow;
}

/* Name of the transport protocol, in lower case, or NULL. */
static const char *
transport(const struct flow *flow)
{
    static const struct {
        const char *number;
        const char *name;
    } protos[] = { { "1", "icmp" }, { "2", "igmp" }, { "6", "tcp" },
                   { "17", "udp" }, { "47", "gre" }, { "58", "ipv6-icmp" },
                   { "132", "sctp" } };
    size_t i;

    for (i = 0; i < sizeof protos / sizeof *protos; i++) {
        if (xfsm_str_is(flow->proto, protos[i].number)) {
            return protos[i].name;
        }
    }
    return NULL;
}

static bool
is_ipv6(struct xfsm_str address)
{
    return address.p && memchr(address.p, ':', address.len);
}

/* 4, 6, or 0 if it is not known. */
static int
ip_version(const struct flow *flow)
{
    struct xfsm_str a = flow->src_ip.p ? flow->src_ip : flow->dst_ip;

    return a.p ? (is_ipv6(a) ? 6 : 4)
           : xfsm_str_is(flow->ip_version, "4") ? 4
           : xfsm_str_is(flow->ip_version, "6") ? 6 : 0;
}

enum xfsm_severity
xfsm_event_severity(const struct xfsm_event_view *e)
{
    static const struct {
        const char *level;
        enum xfsm_severity severity;
    } levels[] = {
        { "INFO", XFSM_SEVERITY_INFO }, { "DEBUG", XFSM_SEVERITY_INFO },
        { "LOW", XFSM_SEVERITY_LOW }, { "NOTICE", XFSM_SEVERITY_LOW },
        { "MEDIUM", XFSM_SEVERITY_MEDIUM }, { "WARN", XFSM_SEVERITY_MEDIUM },
        { "WARNING", XFSM_SEVERITY_MEDIUM }, { "HIGH", XFSM_SEVERITY_HIGH },
        { "ERROR", XFSM_SEVERITY_HIGH }, { "ERR", XFSM_SEVERITY_HIGH },
        { "CRITICAL", XFSM_SEVERITY_CRITICAL },
        { "FATAL", XFSM_SEVERITY_CRITICAL },
    };
    size_t i;

    for (i = 0; e->level.p && i < sizeof levels / sizeof *levels; i++) {
        if (e->level.len == strlen(levels[i].level)
            && !strncasecmp(e->level.p, levels[i].level, e->level.len)) {
            return levels[i].severity;
        }
    }
    return (xfsm_str_is(e->label, XFSM_LABEL_CRITICAL)
            ? XFSM_SEVERITY_CRITICAL
            : xfsm_str_is(e->label, XFSM_LABEL_ALERT) ? XFSM_SEVERITY_HIGH
            : XFSM_SEVERITY_INFO);
}

static bool
is_alert(const struct xfsm_event_view *e)
{
    return (xfsm_str_is(e->label, XFSM_LABEL_ALERT)
            || xfsm_str_is(e->label, XFSM_LABEL_CRITICAL));
}

/* What to call it: the description of the state, or the program. */
static struct xfsm_str
title(const struct xfsm_event_view *e)
{
    return e->description.p && e->description.len ? e->description
           : e->program;
}

/* FNV-1a of program and code, 31 bits, not 0. */
static uint32_t
signature_id(const struct xfsm_event_view *e)
{
    const struct xfsm_str parts[] = { e->program, e->code };
    uint32_t hash = UINT32_C(2166136261);
    size_t i, j;

    for (i = 0; i < 2; i++) {
        for (j = 0; j < parts[i].len; j++) {
            hash = (hash ^ (uint8_t) parts[i].p[j]) * UINT32_C(16777619);
        }
        hash = (hash ^ '/') * UINT32_C(16777619);
    }
    return (hash & INT32_MAX) | 1;
}

/* ## Suricata. ## */

static void
put_eve_time(struct out *out, struct xfsm_str time)
{
    char text[32] = "1970-01-01T00:00:00.000000";
    uint32_t i;

    for (i = 0; time.p && i < 26 && i < time.len
         && strchr("0123456789-:.T", time.p[i]); i++) {
        text[i] = time.p[i];
    }
    put_name(out, "timestamp");
    put(out, "\"%s+0000\"", text);
}

static void
put_upper(struct out *out, const char *name, const char *s)
{
    put_name(out, name);
    put(out, "\"");
    for (; *s; s++) {
        put(out, "%c", toupper((unsigned char) *s));
    }
    put(out, "\"");
}

/* What has no place elsewhere. */
static void
put_own(struct out *out, const struct xfsm_event_view *e)
{
    begin(out, "xfsm");
    put_str(out, "label", e->label);
    put_str(out, "program", e->program);
    put_str(out, "version", e->version);
    put_str(out, "bridge", e->bridge);
    put_str(out, "port", e->port);
    put_str(out, "interface_uuid", e->interface_uuid);
    put_object(out, "external_ids", e->external_ids);
    put_uint(out, "epoch", e->epoch);
    put_uint(out, "seq", e->seq);
    if (e->lost) {
        put_uint(out, "lost", e->lost);
    }
    put_str(out, "state", e->state);
    put_str(out, "next_state", e->next_state);
    put_str(out, "code", e->code);
    put_str(out, "level", e->level);
    put_object(out, "key", e->key);
    put_object(out, "fields", e->fields);
    put_object(out, "features", e->features);
    end(out);
}

static void
put_eve_alert(struct out *out, const struct xfsm_event_view *e)
{
    static const int severities[] = { 4, 3, 2, 1, 1 };

    begin(out, "alert");
    put_text(out, "action", "allowed");
    put_uint(out, "gid", 1);
    put_uint(out, "signature_id", signature_id(e));
    put_uint(out, "rev", 1);
    put_str(out, "signature", title(e));
    put_str(out, "category", e->program);
    put_uint(out, "severity", (uint64_t) severities[xfsm_event_severity(e)]);
    if (e->attack.p) {
        begin(out, "metadata");
        put_name(out, "mitre_technique_id");
        put(out, "[\"%.*s\"]", (int) e->attack.len, e->attack.p);
        end(out);
    }
    end(out);
}

static void
render_eve(struct out *out, const struct xfsm_event_view *e)
{
    struct flow flow = get_flow(e);
    const char *proto = transport(&flow);

    begin(out, NULL);
    put_eve_time(out, e->time);
    put_text(out, "event_type", is_alert(e) ? "alert" : "xfsm");
    put_str(out, "host", e->host);
    put_str(out, "in_iface", e->port);
    if (flow.vlan.p) {
        put_name(out, "vlan");
        put(out, "[%.*s]", (int) flow.vlan.len, flow.vlan.p);
    }
    put_str(out, "src_ip", flow.src_ip);
    put_number(out, "src_port", flow.src_port);
    put_str(out, "dest_ip", flow.dst_ip);
    put_number(out, "dest_port", flow.dst_port);
    if (proto) {
        put_upper(out, "proto", proto);
    }
    if (is_alert(e)) {
        put_eve_alert(out, e);
    }
    put_str(out, "message", e->text);
    put_own(out, e);
    end(out);
}

/* ## Elastic Common Schema. ## */

/* A MAC address as RFC 7042 writes it: 00-00-5E-00-53-23. */
static void
put_ecs_mac(struct out *out, struct xfsm_str mac)
{
    uint32_t i;

    if (mac.p) {
        put_name(out, "mac");
        put(out, "\"");
        for (i = 0; i < mac.len; i++) {
            put(out, "%c", mac.p[i] == ':' ? '-'
                : toupper((unsigned char) mac.p[i]));
        }
        put(out, "\"");
    }
}

static void
put_ecs_side(struct out *out, const char *name, struct xfsm_str ip,
             struct xfsm_str port, struct xfsm_str mac)
{
    if (ip.p || port.p || mac.p) {
        begin(out, name);
        put_str(out, "address", ip);
        put_str(out, "ip", ip);
        put_number(out, "port", port);
        put_ecs_mac(out, mac);
        end(out);
    }
}

static void
put_ecs_network(struct out *out, const struct flow *flow)
{
    const char *proto = transport(flow);
    int version = ip_version(flow);

    if (proto || version || flow->vlan.p) {
        begin(out, "network");
        if (proto) {
            put_text(out, "transport", proto);
        }
        if (version) {
            put_text(out, "type", version == 6 ? "ipv6" : "ipv4");
        }
        if (flow->vlan.p) {
            begin(out, "vlan");
            put_name(out, "id");
            put(out, "\"%.*s\"", (int) flow->vlan.len, flow->vlan.p);
            end(out);
        }
        end(out);
    }
    if (flow->domain.p) {
        begin(out, "dns");
        begin(out, "question");
        put_str(out, "name", flow->domain);
        end(out);
        end(out);
    }
    if (flow->url.p || flow->http_host.p) {
        begin(out, "url");
        put_str(out, "original", flow->url);
        put_str(out, "domain", flow->http_host);
        end(out);
    }
    if (flow->sni.p) {
        begin(out, "tls");
        begin(out, "client");
        put_str(out, "server_name", flow->sni);
        end(out);
        end(out);
    }
}

static void
put_ecs_event(struct out *out, const struct xfsm_event_view *e)
{
    static const int severities[] = { 0, 21, 47, 73, 99 };
    bool feature = xfsm_str_is(e->label, XFSM_LABEL_FEATURE);

    begin(out, "event");
    put_text(out, "kind", is_alert(e) ? "alert" : feature ? "metric"
             : "event");
    put_name(out, "category");
    put(out, is_alert(e) ? "[\"network\",\"intrusion_detection\"]"
        : "[\"network\"]");
    put_name(out, "type");
    put(out, "[\"info\"]");
    put_text(out, "module", "ovs-xfsm");
    put_text(out, "dataset", "ovs-xfsm.event");
    put_uint(out, "severity", (uint64_t) severities[xfsm_event_severity(e)]);
    put_uint(out, "sequence", e->seq);
    put_str(out, "code", e->code);
    put_str(out, "reason", e->text);
    end(out);
}

static void
render_ecs(struct out *out, const struct xfsm_event_view *e)
{
    struct flow flow = get_flow(e);

    begin(out, NULL);
    put_str(out, "@timestamp", e->time);
    begin(out, "ecs");
    put_text(out, "version", ECS_VERSION);
    end(out);
    put_str(out, "message", e->text.p ? e->text : title(e));
    put_ecs_event(out, e);
    begin(out, "host");
    put_str(out, "name", e->host);
    end(out);
    begin(out, "observer");
    put_text(out, "type", "ids");
    put_text(out, "product", "ovs-xfsm");
    begin(out, "ingress");
    begin(out, "interface");
    put_str(out, "id", e->interface_uuid);
    put_str(out, "name", e->port);
    put_str(out, "alias", external_id(e, XFSM_ID_IFACE_ID));
    end(out);
    end(out);
    end(out);
    if (machine(e).p) {
        begin(out, "cloud");
        begin(out, "instance");
        put_str(out, "id", machine(e));
        end(out);
        end(out);
    }
    begin(out, "rule");
    put_str(out, "name", e->program);
    put_str(out, "version", e->version);
    put_str(out, "description", e->description);
    put_str(out, "id", e->code);
    end(out);
    put_ecs_side(out, "source", flow.src_ip, flow.src_port, flow.src_mac);
    put_ecs_side(out, "destination", flow.dst_ip, flow.dst_port,
                 flow.dst_mac);
    put_ecs_network(out, &flow);
    if (e->attack.p) {
        begin(out, "threat");
        put_text(out, "framework", "MITRE ATT&CK");
        begin(out, "technique");
        put_name(out, "id");
        put(out, "[\"%.*s\"]", (int) e->attack.len, e->attack.p);
        end(out);
        end(out);
    }
    put_own(out, e);
    end(out);
}

/* ## OCSF. ## */

static void
put_ocsf_side(struct out *out, const char *name, struct xfsm_str ip,
              struct xfsm_str port, struct xfsm_str mac)
{
    if (ip.p || port.p || mac.p) {
        begin(out, name);
        put_str(out, "ip", ip);
        put_number(out, "port", port);
        put_str(out, "mac", mac);
        end(out);
    }
}

static void
put_ocsf_evidence(struct out *out, const struct xfsm_event_view *e)
{
    struct flow flow = get_flow(e);
    int version = ip_version(&flow);

    put_name(out, "evidences");
    put(out, "[");
    begin(out, NULL);
    put_ocsf_side(out, "src_endpoint", flow.src_ip, flow.src_port,
                  flow.src_mac);
    put_ocsf_side(out, "dst_endpoint", flow.dst_ip, flow.dst_port,
                  flow.dst_mac);
    if (flow.proto.p || version) {
        begin(out, "connection_info");
        put_uint(out, "direction_id", 0);
        put_number(out, "protocol_num", flow.proto);
        put_uint(out, "protocol_ver_id", (uint64_t) version);
        end(out);
    }
    if (flow.domain.p) {
        begin(out, "query");
        put_str(out, "hostname", flow.domain);
        end(out);
    }
    put_name(out, "data");
    begin(out, NULL);
    put_own(out, e);
    end(out);
    end(out);
    put(out, "]");
    out->comma = true;
}

static void
put_ocsf_uid(struct out *out, const struct xfsm_event_view *e)
{
    put_name(out, "uid");
    put(out, "\"%.*s/%.*s/%.*s/%"PRIu64"/%"PRIu64"\"", (int) e->host.len,
        e->host.p ? e->host.p : "", (int) e->bridge.len,
        e->bridge.p ? e->bridge.p : "", (int) e->port.len,
        e->port.p ? e->port.p : "", e->epoch, e->seq);
}

static void
put_ocsf_info(struct out *out, const struct xfsm_event_view *e)
{
    begin(out, "finding_info");
    put_ocsf_uid(out, e);
    put_str(out, "title", title(e));
    put_str(out, "desc", e->text);
    put_name(out, "types");
    put(out, "[\"%.*s\"]", (int) e->label.len, e->label.p ? e->label.p : "");
    begin(out, "analytic");
    put_uint(out, "type_id", 1);
    put_text(out, "type", "Rule");
    put_str(out, "name", e->program);
    put_str(out, "version", e->version);
    put_str(out, "uid", e->code);
    end(out);
    if (e->attack.p) {
        put_name(out, "attacks");
        put(out, "[{\"version\":\"" ATTACK_VERSION "\",\"technique\":"
            "{\"uid\":\"%.*s\"}}]", (int) e->attack.len, e->attack.p);
    }
    end(out);
}

static void
render_ocsf(struct out *out, const struct xfsm_event_view *e)
{
    static const char *const names[] = { "Informational", "Low", "Medium",
                                         "High", "Critical" };
    enum xfsm_severity severity = xfsm_event_severity(e);

    begin(out, NULL);
    put_uint(out, "activity_id", 1);
    put_text(out, "activity_name", "Create");
    put_uint(out, "category_uid", 2);
    put_text(out, "category_name", "Findings");
    put_uint(out, "class_uid", 2004);
    put_text(out, "class_name", "Detection Finding");
    put_uint(out, "type_uid", 200401);
    put_uint(out, "time", xfsm_event_time_ms(e));
    put_uint(out, "severity_id", (uint64_t) severity + 1);
    put_text(out, "severity", names[severity]);
    put_uint(out, "status_id", 1);
    put_text(out, "status", "New");
    put_str(out, "message", e->text);
    begin(out, "metadata");
    put_text(out, "version", OCSF_VERSION);
    begin(out, "product");
    put_text(out, "name", "ovs-xfsm");
    put_text(out, "vendor_name", "ovs-xfsm");
    end(out);
    put_name(out, "profiles");
    put(out, "[\"host\"]");
    put_uint(out, "sequence", e->seq);
    end(out);
    put_ocsf_info(out, e);
    begin(out, "device");
    put_uint(out, "type_id", 1);
    put_str(out, "hostname", e->host);
    put_str(out, "interface_uid", e->interface_uuid);
    put_str(out, "interface_name", e->port);
    end(out);
    if (machine(e).p) {
        put_name(out, "resources");
        put(out, "[");
        begin(out, NULL);
        put_text(out, "type", "Virtual Machine");
        put_str(out, "uid", machine(e));
        end(out);
        put(out, "]");
    }
    put_ocsf_evidence(out, e);
    end(out);
}

/* ## All. ## */

bool
xfsm_renderer_from_name(const char *name, enum xfsm_renderer *renderer)
{
    static const char *const names[] = {
#define RENDERER_NAME(NAME) #NAME,
        XFSM_RENDERERS(RENDERER_NAME)
#undef RENDERER_NAME
    };
    size_t i;

    for (i = 0; i < XFSM_N_RENDERERS; i++) {
        if (!strcmp(name, names[i])) {
            *renderer = (enum xfsm_renderer) i;
            return true;
        }
    }
    return false;
}

size_t
xfsm_render(enum xfsm_renderer renderer, const struct xfsm_event_view *event,
            char *buf)
{
    static void (*const functions[])(struct out *,
                                     const struct xfsm_event_view *) = {
#define RENDERER_FUNCTION(NAME) render_##NAME,
        XFSM_RENDERERS(RENDERER_FUNCTION)
#undef RENDERER_FUNCTION
    };
    struct out out = { .p = buf };

    functions[renderer](&out, event);
    return out.len;
}
