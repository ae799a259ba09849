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
 * at once only if 'huge' says so, or the process wants them everywhere, since
 * a huge page is 2 MiB of real memory at its first touch: good where many
 * flows touch all of a table, and bad where a host has a thousand idle ports.
 * Other blocks may ask for them bit by bit, where they are full.
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

/* A part of a block, of the size of a huge page, is full if so many of its
 * pages in 8 are in use, be it that they were only read: those take memory
 * only in a huge page. */
#define XFSM_MEM_FULL 7

/* Looks at the next 'n' parts of blocks that are not in huge pages, in turn,
 * and asks for a huge page for each that is full.  The kernel's khugepaged
 * makes it one when it comes by, which takes it seconds to minutes, and the
 * one who then touches the part waits while it is copied.  Costs a look at 512
 * pages and, once for each part that is full, a change of the mapping. */
void xfsm_mem_promote(unsigned int n);

/* Does so for all parts of all blocks, and has the kernel make the huge pages
 * before it returns, which takes it a millisecond or so each: what comes of
 * xfsm_mem_promote() in the long run, to be measured. */
void xfsm_mem_promote_now(void);

/* Returns the bytes for which huge pages were asked because the process wants
 * them or because they are full.  How many of them the kernel gave, it alone
 * knows. */
size_t xfsm_mem_huge_bytes(void);

/* Returns what xfsm_mem_map() gave, 'size' being the same. */
void xfsm_mem_unmap(void *p, size_t size);

/* Makes the block read as zeros again, and gives its pages back. */
void xfsm_mem_clear(void *p, size_t size);

#endif /* xfsm/base/mem.h */
