/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#include <config.h>
#include "ovsdb-schema/ovs-compat.h"

#include "ovs-plugin/offload.h"

#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

#define FEATURE "hw-tc-offload"

/* More features than any kernel has. */
#define FEATURES_MAX 1024
#define BLOCKS_MAX (FEATURES_MAX / 32)

static bool
ethtool(int sock, const char *device, void *command)
{
    struct ifreq ifr = { .ifr_data = command };

    ovs_strlcpy(ifr.ifr_name, device, sizeof ifr.ifr_name);
    return !ioctl(sock, SIOCETHTOOL, &ifr);
}

/* Returns how many features the kernel knows, 0 if it does not say. */
static unsigned int
count_features(int sock, const char *device)
{
    struct {
        struct ethtool_sset_info info;
        uint32_t n;
    } request = {
        .info = {
            .cmd = ETHTOOL_GSSET_INFO,
            .sset_mask = 1ULL << ETH_SS_FEATURES,
        },
    };

    return (ethtool(sock, device, &request) && request.info.sset_mask
            && request.n <= FEATURES_MAX ? request.n : 0);
}

/* Stores which of the 'n' features FEATURE is. */
static bool
find_feature(int sock, const char *device, unsigned int n,
             unsigned int *indexp)
{
    struct ethtool_gstrings *names = xzalloc(sizeof *names
                                             + n * ETH_GSTRING_LEN);
    bool found = false;
    unsigned int i;

    names->cmd = ETHTOOL_GSTRINGS;
    names->string_set = ETH_SS_FEATURES;
    names->len = n;
    if (ethtool(sock, device, names)) {
        for (i = 0; i < n && !found; i++) {
            found = !strncmp((char *) names->data + i * ETH_GSTRING_LEN,
                             FEATURE, ETH_GSTRING_LEN);
            *indexp = i;
        }
    }
    free(names);
    return found;
}

/* Stores whether FEATURE is on.  Returns false if that cannot be told. */
static bool
get_feature(int sock, const char *device, bool *onp)
{
    union {
        struct ethtool_gfeatures head;
        uint8_t room[sizeof(struct ethtool_gfeatures)
                     + BLOCKS_MAX
                       * sizeof(struct ethtool_get_features_block)];
    } request = {
        .head = { .cmd = ETHTOOL_GFEATURES },
    };
    unsigned int n = count_features(sock, device);
    unsigned int i;

    if (!n || !find_feature(sock, device, n, &i)) {
        return false;
    }
    request.head.size = DIV_ROUND_UP(n, 32);
    if (!ethtool(sock, device, &request)) {
        return false;
    }
    *onp = request.head.features[i / 32].active & (1u << i % 32);
    return true;
}

/* True unless it is known that no other device is below. */
static bool
may_have_lower(const char *device)
{
    char *path = xasprintf("/sys/class/net/%s", device);
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool lower = !dir;

    while (dir && (entry = readdir(dir))) {
        lower |= !strncmp(entry->d_name, "lower_", 6);
    }
    if (dir) {
        closedir(dir);
    }
    free(path);
    return lower;
}

bool
xfsm_offload_may_hide(const char *device)
{
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool on;
    bool ok = sock >= 0 && get_feature(sock, device, &on);

    if (sock >= 0) {
        close(sock);
    }
    return !ok || on || may_have_lower(device);
}
