/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef OVS_PLUGIN_OFFLOAD_H
#define OVS_PLUGIN_OFFLOAD_H 1

/* Whether hardware may forward packets of a device that the kernel, and so a
 * probe, does not see.
 *
 * With other_config:hw-offload, Open vSwitch hands flows to the kernel's
 * traffic control, which hands them on to a device's driver.  Packets that
 * traffic control itself forwards are still seen by packet sockets on both
 * devices; what hardware forwards is not.  A flow is in hardware only where
 * both of its devices are of such hardware, so a veth, a tap or an internal
 * port misses nothing.
 *
 * A device is of such hardware if its feature "hw-tc-offload" is on, or if it
 * stands for others that are below it (a bond), whose drivers take flows of
 * the one above without its feature telling. */

#include <stdbool.h>

/* False if no packet of 'device' can be hidden by hardware; true if it can, or
 * that cannot be told. */
bool xfsm_offload_may_hide(const char *device);

#endif /* ovs-plugin/offload.h */
