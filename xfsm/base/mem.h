/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_BASE_MEM_H
#define XFSM_BASE_MEM_H 1

/* Large zeroed memory that costs nothing until it is touched.
 *
 * Tables and sketches are sized for the worst case; on an idle port they are
 * address space alone.  The memory comes from mmap() at set-up, never from
 * the packet path.  Blocks of 2 MiB and more ask for transparent huge pages
 * only if 'huge' says so, or the process wants them everywhere, since a huge
 * page is 2 MiB of real memory at its first touch: good where many flows touch
 * all of a table, and bad where a host has a thousand idle ports.
 *
 * Thread-safety: any thread may call these, but for xfsm_mem_want_huge(). */

#include <stdbool.h>
#include <stddef.h>

/* Returns 'size' zeroed bytes, aligned to a page, or NULL if the system
 * refuses.  'size' 0 returns NULL. */
void *xfsm_mem_map(size_t size, bool huge);

/* Does the process want huge pages wherever they fit, or not (as at first)?
 * To be said before it has threads; blocks that are there stay as they are. */
void xfsm_mem_want_huge(bool huge);

/* Returns the bytes of all blocks for which huge pages were asked because the
 * process wants them.  How many of them the kernel gave, it alone knows. */
size_t xfsm_mem_huge_bytes(void);

/* Returns what xfsm_mem_map() gave, 'size' being the same. */
void xfsm_mem_unmap(void *p, size_t size);

/* Makes the block read as zeros again, and gives its pages back. */
void xfsm_mem_clear(void *p, size_t size);

#endif /* xfsm/base/mem.h */
