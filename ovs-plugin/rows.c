/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/agent.h"

#include <unistd.h>

#include "dirs.h"
#include "lib/vswitch-idl.h"
#include "openvswitch/dynamic-string.h"
#include "ovs-plugin/known-keys.h"
#include "ovs-plugin/mitigator.h"
#include "ovs-plugin/netdev-ring.h"
#include "ovs-plugin/target.h"
#include "ovsdb-schema/xfsm-idl.h"
#include "smap.h"
#include "util.h"

/* Assignments are told up to there that match nothing. */
#define ASSIGNMENT_ERRORS_MAX 1024

/* Limits of options. */
#define MEMORY_MIB 1024
#define MEMORY_MIB_MIN 32
#define MEMORY_MIB_MAX (1024 * 1024)

static void
init_ovs_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_other_config,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_ports,
        &ovsrec_bridge_col_external_ids,
        &ovsrec_bridge_col_mirrors,
        &ovsrec_bridge_col_controller,
        &ovsrec_bridge_col_fail_mode,
        &ovsrec_mirror_col_name,
        &ovsrec_mirror_col_select_src_port,
        &ovsrec_mirror_col_select_dst_port,
        &ovsrec_mirror_col_output_port,
        &ovsrec_mirror_col_external_ids,
        &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces,
        &ovsrec_port_col_external_ids,
        &ovsrec_port_col_tag,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_type,
        &ovsrec_interface_col_external_ids,
        &ovsrec_interface_col_ofport,
    };
    static const struct ovsdb_idl_table_class *const tables[] = {
        &ovsrec_table_open_vswitch,
        &ovsrec_table_bridge,
        &ovsrec_table_controller,
        &ovsrec_table_port,
        &ovsrec_table_interface,
        &ovsrec_table_mirror,
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(tables); i++) {
        ovsdb_idl_add_table(idl, tables[i]);
    }
    for (i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
}

static void
init_xfsm_columns(struct ovsdb_idl *idl)
{
    /* What is read.  The rest is only written, and is not told when others
     * change it. */
    static const struct ovsdb_idl_column *const read_columns[] = {
        &xfsmrec_xfsm_global_col_options,
        &xfsmrec_xfsm_global_col_next_cfg,
        &xfsmrec_program_col_name,
        &xfsmrec_program_col_source,
        &xfsmrec_program_col_image,
        &xfsmrec_program_col_signature,
        &xfsmrec_assignment_col_name,
        &xfsmrec_assignment_col_target,
        &xfsmrec_assignment_col_programs,
        &xfsmrec_assignment_col_params,
        &xfsmrec_assignment_col_enabled,
        &xfsmrec_probe_col_interface,
    };
    static const struct ovsdb_idl_column *const written_columns[] = {
        &xfsmrec_xfsm_global_col_cur_cfg,
        &xfsmrec_xfsm_global_col_hostname,
        &xfsmrec_xfsm_global_col_agent_version,
        &xfsmrec_xfsm_global_col_hub_endpoint,
        &xfsmrec_xfsm_global_col_status,
        &xfsmrec_xfsm_global_col_statistics,
        &xfsmrec_program_col_status,
        &xfsmrec_program_col_diagnostics,
        &xfsmrec_assignment_col_matches,
        &xfsmrec_probe_col_port,
        &xfsmrec_probe_col_bridge,
        &xfsmrec_probe_col_interface_uuid,
        &xfsmrec_probe_col_type,
        &xfsmrec_probe_col_tag,
        &xfsmrec_probe_col_ids,
        &xfsmrec_probe_col_wanted_by,
        &xfsmrec_probe_col_programs,
        &xfsmrec_probe_col_status,
        &xfsmrec_probe_col_error,
        &xfsmrec_probe_col_notes,
        &xfsmrec_probe_col_running_programs,
        &xfsmrec_probe_col_netdev_class,
        &xfsmrec_probe_col_pid,
        &xfsmrec_probe_col_epoch,
        &xfsmrec_probe_col_restarts,
        &xfsmrec_probe_col_statistics,
        &xfsmrec_probe_col_state_keys,
        &xfsmrec_probe_col_last_event,
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(read_columns); i++) {
        ovsdb_idl_add_column(idl, read_columns[i]);
    }
    for (i = 0; i < ARRAY_SIZE(written_columns); i++) {
        ovsdb_idl_add_column(idl, written_columns[i]);
        ovsdb_idl_omit_alert(idl, written_columns[i]);
    }
}

void
xfsm_rows_init(struct xfsm_agent *agent)
{
    init_ovs_columns(agent->ovs.idl);
    init_xfsm_columns(agent->xfsm.idl);
    xfsm_rbac_add_columns(agent->xfsm.idl);
}

bool
xfsm_rows_changed(const struct xfsm_agent *agent)
{
    return (agent->ovs_seqno != ovsdb_idl_get_seqno(agent->ovs.idl)
            || agent->xfsm_seqno != ovsdb_idl_get_seqno(agent->xfsm.idl));
}

/* ## Options. ## */

/* Returns the number that is option 'key', or 'def' if there is none or it is
 * not within the limits, of which 'errors' is told. */
static unsigned int
get_number(const struct smap *options, const char *key, unsigned int def,
           unsigned int min, unsigned int max, struct ds *errors)
{
    const char *s = smap_get(options, key);
    unsigned int value;

    if (!s) {
        return def;
    } else if (!str_to_uint(s, 10, &value) || value < min || value > max) {
        ds_put_format(errors, "%soptions:%s=%s is not a number from %u to %u",
                      errors->length ? "; " : "", key, s, min, max);
        return def;
    }
    return value;
}

/* Returns the truth value that is option 'key', a constant, or NULL if there
 * is none or it is none, of which 'errors' is told. */
static const bool *
find_bool(const struct smap *options, const char *key, struct ds *errors)
{
    const char *s = smap_get(options, key);
    const bool *value = s ? xfsm_known_keys_truth(s) : NULL;

    if (s && !value) {
        ds_put_format(errors, "%soptions:%s=%s is not true or false",
                      errors->length ? "; " : "", key, s);
    }
    return value;
}

/* The same, or 'def' in place of NULL. */
static bool
get_bool(const struct smap *options, const char *key, bool def,
         struct ds *errors)
{
    const bool *value = find_bool(options, key, errors);

    return value ? *value : def;
}

static void
replace(char **p, const char *s)
{
    char *copy = nullable_xstrdup(s);

    free(*p);
    *p = copy;
}

static void
read_host(struct xfsm_agent *agent, const struct ovsrec_open_vswitch *ovs)
{
    const char *host = ovs ? smap_get(&ovs->external_ids, "hostname") : NULL;
    char buf[256];

    if (!host) {
        if (gethostname(buf, sizeof buf)) {
            buf[0] = '\0';
        }
        buf[sizeof buf - 1] = '\0';
        host = buf;
    }
    replace(&agent->host, host);
}

static void
read_options(struct xfsm_agent *agent)
{
    const struct xfsmrec_xfsm_global *global
        = xfsmrec_xfsm_global_first(agent->xfsm.idl);
    const struct ovsrec_open_vswitch *ovs
        = ovsrec_open_vswitch_first(agent->ovs.idl);
    const struct smap none = SMAP_INITIALIZER(&none);
    const struct smap *options = global ? &global->options : &none;
    struct xfsm_monitor_settings *s = &agent->settings;
    struct ds errors = DS_EMPTY_INITIALIZER;
    char *endpoint;

    read_host(agent, ovs);
    replace(&agent->netdev_class,
            smap_get_def(options, "netdev-class", XFSM_RING_CLASS));
    *s = (struct xfsm_monitor_settings) {
        .program = agent->probe_path,
        .host = agent->host,
        .user = agent->user,
        .netdev_class = agent->netdev_class,
        .ring_kib = get_number(options, "ring-kib", XFSM_RING_KIB,
                               XFSM_RING_KIB_MIN, XFSM_RING_KIB_MAX, &errors),
        .retire_ms = get_number(options, "retire-ms", XFSM_RING_RETIRE_MS, 1,
                                XFSM_RING_RETIRE_MS_MAX, &errors),
        .workers = get_number(options, "workers", 1, 1,
                              XFSM_RING_WORKERS_MAX, &errors),
        .memory_mib = get_number(options, "probe-memory-mib", MEMORY_MIB,
                                 MEMORY_MIB_MIN, MEMORY_MIB_MAX, &errors),
        .hang_ms = get_number(options, "hang-ms", XFSM_WORKER_HANG_MS,
                              XFSM_WORKER_HANG_MS_MIN,
                              XFSM_WORKER_HANG_MS_MAX, &errors),
        .segments = get_bool(options, "segments", true, &errors),
        .kernel_filter = get_bool(options, "kernel-filter", true, &errors),
        .machine_code = get_bool(options, "machine-code", true, &errors),
        .huge_pages = find_bool(options, "huge-pages", &errors),
        .epochs = &agent->epochs,
    };
    agent->mirror = get_bool(options, "mirror", false, &errors);
    xfsm_known_keys_check_options(options, &errors);
    xfsm_mitigator_configure(agent->mitigator, options, &errors);
    xfsm_exporter_link_configure(&agent->exporter,
                                 get_number(options, "metrics-port", 0, 1,
                                            UINT16_MAX, &errors));
    free(agent->option_error);
    agent->option_error = errors.length ? ds_steal_cstr(&errors) : NULL;
    ds_destroy(&errors);

    endpoint = xasprintf("ipc://%s/xfsm-hub.events", ovs_rundir());
    xfsm_hub_link_configure(&agent->hub, options, endpoint);
    free(endpoint);

    replace(&agent->hw_offload,
            ovs && smap_get_bool(&ovs->other_config, "hw-offload", false)
            ? "partial: hw-offload is on, and packets that the hardware "
              "forwards are not seen" : NULL);
    s->visibility = agent->hw_offload;
}

/* ## Programs. ## */

static void
read_programs(struct xfsm_agent *agent)
{
    const struct xfsmrec_program *row;

    xfsm_programs_begin_rows(agent->programs);
    XFSMREC_PROGRAM_FOR_EACH (row, agent->xfsm.idl) {
        xfsm_programs_put_row(agent->programs, row->name, row->source,
                              row->image, row->signature);
    }
    xfsm_programs_end_rows(agent->programs);
}

/* ## What is desired. ## */

static struct xfsm_in_interface *
get_interfaces(const struct ovsrec_port *port)
{
    struct xfsm_in_interface *in = xcalloc(MAX(port->n_interfaces, 1),
                                           sizeof *in);
    size_t i;

    for (i = 0; i < port->n_interfaces; i++) {
        const struct ovsrec_interface *iface = port->interfaces[i];

        in[i] = (struct xfsm_in_interface) {
            .name = iface->name,
            .type = iface->type,
            .uuid = iface->header_.uuid,
            .external_ids = &iface->external_ids,
        };
    }
    return in;
}

static struct xfsm_in_port *
get_ports(const struct ovsrec_bridge *bridge)
{
    struct xfsm_in_port *in = xcalloc(MAX(bridge->n_ports, 1), sizeof *in);
    size_t i;

    for (i = 0; i < bridge->n_ports; i++) {
        const struct ovsrec_port *port = bridge->ports[i];

        in[i] = (struct xfsm_in_port) {
            .name = port->name,
            .has_tag = port->n_tag > 0,
            .tag = port->n_tag ? port->tag[0] : 0,
            .external_ids = &port->external_ids,
            .interfaces = get_interfaces(port),
            .n_interfaces = port->n_interfaces,
        };
    }
    return in;
}

static struct xfsm_in_bridge *
get_bridges(const struct ovsrec_open_vswitch *ovs, size_t *np)
{
    struct xfsm_in_bridge *in;
    size_t i;

    *np = ovs ? ovs->n_bridges : 0;
    in = xcalloc(MAX(*np, 1), sizeof *in);
    for (i = 0; i < *np; i++) {
        const struct ovsrec_bridge *bridge = ovs->bridges[i];

        in[i] = (struct xfsm_in_bridge) {
            .name = bridge->name,
            .external_ids = &bridge->external_ids,
            .ports = get_ports(bridge),
            .n_ports = bridge->n_ports,
        };
    }
    return in;
}

static void
free_bridges(struct xfsm_in_bridge *in, size_t n)
{
    size_t i, j;

    for (i = 0; i < n; i++) {
        for (j = 0; j < in[i].n_ports; j++) {
            free(CONST_CAST(struct xfsm_in_interface *,
                            in[i].ports[j].interfaces));
        }
        free(CONST_CAST(struct xfsm_in_port *, in[i].ports));
    }
    free(in);
}

static struct xfsm_in_assignment *
get_assignments(struct ovsdb_idl *idl, size_t *np)
{
    struct xfsm_in_assignment *in = NULL;
    const struct xfsmrec_assignment *row;
    size_t allocated = 0;

    *np = 0;
    XFSMREC_ASSIGNMENT_FOR_EACH (row, idl) {
        if (*np >= allocated) {
            in = x2nrealloc(in, &allocated, sizeof *in);
        }
        in[(*np)++] = (struct xfsm_in_assignment) {
            .name = row->name,
            .enabled = row->enabled,
            .target = &row->target,
            .programs = row->programs,
            .n_programs = row->n_programs,
            .params = row->params,
        };
    }
    return in;
}

/* Tells which assignments match nothing whatever there is. */
static void
check_assignments(struct xfsm_agent *agent,
                  const struct xfsm_desired_input *in)
{
    struct ds errors = DS_EMPTY_INITIALIZER;
    size_t i;

    for (i = 0; i < in->n_assignments
                && errors.length < ASSIGNMENT_ERRORS_MAX; i++) {
        const struct xfsm_in_assignment *a = &in->assignments[i];
        char *error = a->enabled ? xfsm_target_check(a->target) : NULL;

        if (error) {
            ds_put_format(&errors, "%sAssignment %.64s matches nothing: %s",
                          errors.length ? "; " : "", a->name, error);
            free(error);
        }
    }
    free(agent->assignment_error);
    agent->assignment_error = errors.length ? ds_steal_cstr(&errors) : NULL;
    ds_destroy(&errors);
}

static void
configure_monitors(struct xfsm_agent *agent, struct xfsm_desired *desired)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &agent->monitors) {
        xfsm_monitor_configure(node->data,
                               shash_find_data(&desired->probes, node->name));
    }
    SHASH_FOR_EACH (node, &desired->probes) {
        if (!shash_find(&agent->monitors, node->name)) {
            struct xfsm_monitor *m = xfsm_monitor_create(node->name);

            xfsm_monitor_configure(m, node->data);
            shash_add(&agent->monitors, node->name, m);
        }
    }
}

/* Forgets the programs with parameters, and the names without a program, that
 * are not wanted any more. */
static void
drop_unused_programs(struct xfsm_agent *agent)
{
    struct shash_node *node;

    xfsm_programs_begin_use(agent->programs);
    SHASH_FOR_EACH (node, &agent->monitors) {
        const struct xfsm_monitor *m = node->data;
        struct smap_node *params;
        const char *name;

        SSET_FOR_EACH (name, &m->want.programs) {
            xfsm_programs_use(agent->programs, name, "");
        }
        SMAP_FOR_EACH (params, &m->want.params) {
            xfsm_programs_use(agent->programs, params->key, params->value);
        }
    }
    xfsm_programs_end_use(agent->programs);
}

static void
read_desired(struct xfsm_agent *agent)
{
    struct xfsm_desired_input in;
    struct xfsm_in_assignment *assignments;
    struct xfsm_in_bridge *bridges;
    struct xfsm_desired desired;
    size_t i;

    bridges = get_bridges(ovsrec_open_vswitch_first(agent->ovs.idl),
                          &in.n_bridges);
    assignments = get_assignments(agent->xfsm.idl, &in.n_assignments);
    in.bridges = bridges;
    in.assignments = assignments;
    in.mirror = agent->mirror;
    xfsm_desired_init(&desired, &in);

    simap_clear(&agent->matches);
    for (i = 0; i < in.n_assignments; i++) {
        simap_put(&agent->matches, assignments[i].name, desired.matches[i]);
    }
    check_assignments(agent, &in);
    configure_monitors(agent, &desired);
    drop_unused_programs(agent);

    xfsm_desired_destroy(&desired);
    free_bridges(bridges, in.n_bridges);
    free(assignments);
}

bool
xfsm_rows_read(struct xfsm_agent *agent)
{
    bool xfsm_changed = (agent->xfsm_seqno
                         != ovsdb_idl_get_seqno(agent->xfsm.idl));
    char *old_host = nullable_xstrdup(agent->host);
    bool old_offload = agent->hw_offload != NULL;
    bool changed;

    agent->ovs_seqno = ovsdb_idl_get_seqno(agent->ovs.idl);
    agent->xfsm_seqno = ovsdb_idl_get_seqno(agent->xfsm.idl);
    read_options(agent);
    read_programs(agent);
    read_desired(agent);
    if (xfsm_changed) {
        /* Maybe because this is another server. */
        xfsm_status_forget(agent);
    }
    changed = (xfsm_changed || old_offload != (agent->hw_offload != NULL)
               || !nullable_string_is_equal(old_host, agent->host));
    free(old_host);
    return changed;
}
