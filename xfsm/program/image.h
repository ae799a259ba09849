/*
 * Copyright (c) 2026 The ovs-xfsm authors.
 * SPDX-License-Identifier: Apache-2.0
 */

#ifndef XFSM_PROGRAM_IMAGE_H
#define XFSM_PROGRAM_IMAGE_H 1

/* The image: a compiled program, ready to be verified and run.
 *
 * ## Format ##
 *
 * An image is one block of bytes: a header, then sections, each an array of
 * fixed-size records that starts at a multiple of 8.  All numbers are
 * little-endian; doubles are IEEE 754 binary64.  Records refer to each other
 * by index, to text by offset into the strings section (which ends in a null
 * byte), and to packet fields by index into the fields section, which holds
 * their names: an image does not depend on how a build numbers its fields.
 * The checksum is SipHash-2-4-128 under the all-zero key, first 8 bytes, of
 * everything behind it: it tells accidents, not attackers.  Those meet the
 * verifier.
 *
 * ## Execution ##
 *
 * The code section holds instructions of 16 bytes.  It begins with the
 * *matcher*, which is run on each packet and ends in MEVENT (this event) or
 * MNONE.  Behind it come the handlers, in order and without gaps, each a run
 * of instructions that ends in END.  There are 256 registers of doubles, none
 * defined when a handler starts.  Jumps go forward only, so that a handler of
 * n instructions executes at most n.
 *
 * ## Verification ##
 *
 * xfsm_image_verify() accepts an image only if no execution of it can read or
 * write outside what it declares: every index is in range, every text
 * terminated, every jump forward and inside its handler, every register
 * defined before it is read on every path, every table and metric used with
 * the key shape it was declared with, all sizes within the limits of model.h.
 * It trusts nobody, the compiler included.
 *
 * Thread-safety: an image is constant. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfsm/program/model.h"

#define XFSM_IMAGE_MAGIC "XFSMIMG"      /* With its null byte: 8 bytes. */
#define XFSM_IMAGE_VERSION 7

/* Named limits of an image. */
#define XFSM_MAX_IMAGE_BYTES (4 * 1024 * 1024)
#define XFSM_MAX_CODE 65535             /* Instructions. */
#define XFSM_MAX_HANDLER_CODE 4096      /* Instructions of one handler. */
#define XFSM_MAX_HANDLER_EVENTS 256     /* Events one handler can publish. */
#define XFSM_MAX_KEYS 64                /* Different keys of a program. */
#define XFSM_MAX_REGS 256
#define XFSM_MAX_TEXT_PARTS (2 * XFSM_MAX_TEXT + 1)     /* Of one text. */

/* O(ID, TEXT, OPERANDS, DOC): instructions.  Operands of an instruction:
 *
 *     a   register written, or read where nothing is written
 *     b c registers read; or b an index (metric, table, class, field, state,
 *         event), c a jump target (index into the code section)
 *     d   key (index into the keys section)
 *     k   64-bit immediate
 */
#define XFSM_OPCODES(O) \
    /* Matcher. */ \
    O(MUINT, "muint", "a=op b=field c=target k=value", \
      "Jump unless the unsigned field is present and compares so") \
    O(MADDR, "maddr", "a=op b=field c=target d=prefix", \
      "Jump unless the address is present and compares so to the prefix") \
    O(MSTR, "mstr", "a=op b=field c=target k=text", \
      "Jump unless the string is present and equal (or not)") \
    O(MIN, "min", "b=table c=target d=key", \
      "Jump unless the key is complete and in the table") \
    O(MJUMP, "mjump", "c=target", "Jump") \
    O(MEVENT, "mevent", "b=event", "The packet goes to this event") \
    O(MNONE, "mnone", "", "The packet goes to no event") \
    /* Metrics. */ \
    O(VDGET, "vd_get", "a=to b=metric d=key", \
      "1 if the detector saw the key before, or it is incomplete, else 0") \
    O(VDSET, "vd_set", "b=metric d=key", "Tell the detector the key") \
    O(VMADD, "vm_add", "a=value b=metric d=key", "Add to the monitor") \
    O(VMITEM, "vm_item", "b=metric c=item_key d=key", \
      "Add an item, the value of a key, to the monitor") \
    O(VMGET, "vm_get", "a=to b=metric d=key", "Read the monitor") \
    O(RESET, "reset", "b=metric", "Clear detector and monitor") \
    O(RESETK, "reset_key", "b=metric d=key", \
      "Forget the key's value in the monitor") \
    /* Tables. */ \
    O(TGET, "tget", "a=to b=table c=target d=key", \
      "Read the key's value; where it is missing, 0 and jump") \
    O(TSET, "tset", "a=value b=table d=key", "Set the key's value") \
    O(TRESET, "treset", "b=table", "Empty the table") \
    O(TIS, "tis", "a=to b=table c=text d=key k=not", \
      "1 if the key has a text, and it is (k 0) or is not (1) this, else 0") \
    O(TTEXT, "ttext", "b=table c=text d=key", "Set the key's text") \
    /* Arithmetic. */ \
    O(LDI, "ldi", "a=to k=double", "Load a constant") \
    O(LDF, "ldf", "a=to b=field", "Load a field, 0 where it is absent") \
    O(MOV, "mov", "a=to b=from", "Copy") \
    O(NEG, "neg", "a=to b", "-b") \
    O(NOT, "not", "a=to b", "1 if b is 0, else 0") \
    O(BOOL, "bool", "a=to b", "0 if b is 0, else 1") \
    O(ADD, "add", "a=to b c", "b + c") \
    O(SUB, "sub", "a=to b c", "b - c") \
    O(MUL, "mul", "a=to b c", "b * c") \
    O(DIV, "div", "a=to b c", "b / c, 0 (and counted) where c is 0") \
    O(MOD, "mod", "a=to b c", "fmod(b, c), 0 (and counted) where c is 0") \
    O(EQ, "eq", "a=to b c", "b == c") \
    O(NE, "ne", "a=to b c", "b != c") \
    O(LT, "lt", "a=to b c", "b < c") \
    O(LE, "le", "a=to b c", "b <= c") \
    O(GT, "gt", "a=to b c", "b > c") \
    O(GE, "ge", "a=to b c", "b >= c") \
    O(ABS, "abs", "a=to b", "fabs(b)") \
    O(FMIN, "fmin", "a=to b c", "The smaller") \
    O(FMAX, "fmax", "a=to b c", "The larger") \
    O(LOG, "log", "a=to b", "Natural logarithm, 0 where b <= 0") \
    O(LOG2, "log2", "a=to b", "Binary logarithm, 0 where b <= 0") \
    O(EXP, "exp", "a=to b", "exp(b)") \
    O(SQRT, "sqrt", "a=to b", "Square root, 0 where b < 0") \
    O(POW, "pow", "a=to b c", "pow(b, c), 0 where that is no number") \
    O(FLOOR, "floor", "a=to b", "floor(b)") \
    O(CEIL, "ceil", "a=to b", "ceil(b)") \
    /* Flow. */ \
    O(JZ, "jz", "a c=target", "Jump if a is 0") \
    O(JNZ, "jnz", "a c=target", "Jump if a is not 0") \
    O(JUMP, "jump", "c=target", "Jump") \
    O(END, "end", "", "The handler is done") \
    /* Effects. */ \
    O(PUBLISH, "publish", "b=text c=next_state k=label", \
      "Publish an event; c is the state that the key enters next, or 0xffff") \
    O(PUBRAW, "publish_raw", "c=next_state k=label", "Publish the packet") \
    O(EXPORT, "export", "c=next_state k=label", \
      "Publish the handler's features") \
    O(SUSPECT, "suspect", "", "Mark the events that follow") \
    O(TIMER, "timer", "b=class c=primary_key d=key k=delay", \
      "Arm or move a timer; c is 0xffff for the current key") \
    O(CANCEL, "cancel", "b=class d=key", "Remove a timer") \
    O(STATE, "state", "b=state c=reason", \
      "Put the key into a state; c is from 1, 0 for no reason") \
    O(MITIGATE, "mitigate", "b=text c=next_state d=key k=label", \
      "Publish an event if the key is complete")

enum xfsm_opcode {
#define XFSM_OPCODE_ENUM(ID, TEXT, OPERANDS, DOC) XFSM_I_##ID,
    XFSM_OPCODES(XFSM_OPCODE_ENUM)
#undef XFSM_OPCODE_ENUM
    XFSM_N_OPCODES
};

/* True if an instruction of 'op' can go to the target in its operand 'c'. */
static inline bool
xfsm_opcode_jumps(uint8_t op)
{
    switch (op) {
    case XFSM_I_MUINT: case XFSM_I_MADDR: case XFSM_I_MSTR: case XFSM_I_MIN:
    case XFSM_I_MJUMP: case XFSM_I_TGET: case XFSM_I_JZ: case XFSM_I_JNZ:
    case XFSM_I_JUMP:
        return true;
    default:
        return false;
    }
}

struct xfsm_insn {
    uint8_t op;                 /* enum xfsm_opcode. */
    uint8_t a;
    uint16_t b, c, d;
    union {
        uint64_t u;
        double f;
        struct {
            uint32_t off, len;  /* Text: offset in strings, length. */
        } s;
    } k;
};

/* S(ID, MEMBER, TYPE, DOC): sections, in the order they have in an image. */
#define XFSM_SECTIONS(S) \
    S(STRINGS, strings, char, "Text") \
    S(FIELDS, fields, struct xfsm_img_name, "Packet fields used") \
    S(KEYS, keys, struct xfsm_img_key, "Keys") \
    S(STATES, states, struct xfsm_img_state, "States") \
    S(METRICS, metrics, struct xfsm_img_metric, "Metrics") \
    S(TABLES, tables, struct xfsm_img_table, "Tables") \
    S(ENTRIES, entries, struct xfsm_img_entry, "Entries of tables") \
    S(CLASSES, classes, struct xfsm_img_class, "Timer classes") \
    S(EVENTS, events, struct xfsm_img_event, "Events") \
    S(HANDLERS, handlers, struct xfsm_img_handler, "Handlers") \
    S(FEATURES, features, struct xfsm_img_feature, "Features of handlers") \
    S(PREFIXES, prefixes, struct xfsm_img_prefix, "Address prefixes") \
    S(TEXTS, texts, struct xfsm_img_text, "Text templates") \
    S(PARTS, parts, struct xfsm_img_part, "Parts of text templates") \
    S(REASONS, reasons, struct xfsm_img_reason, "Why keys change state") \
    S(CODE, code, struct xfsm_insn, "Instructions")

enum xfsm_section_id {
#define XFSM_SECTION_ENUM(ID, MEMBER, TYPE, DOC) XFSM_S_##ID,
    XFSM_SECTIONS(XFSM_SECTION_ENUM)
#undef XFSM_SECTION_ENUM
    XFSM_N_SECTIONS
};

struct xfsm_img_header {
    char magic[8];              /* XFSM_IMAGE_MAGIC. */
    uint64_t checksum;          /* Of all that follows. */
    uint32_t format;            /* XFSM_IMAGE_VERSION. */
    uint32_t length;            /* Of the whole image, in bytes. */
    uint32_t name, version, description;    /* Text. */
    uint32_t matcher_len;       /* Instructions of the matcher. */
    uint32_t max_timers;
    uint8_t state_size;         /* log2 slots of the state table. */
    uint8_t state_on_full;      /* enum xfsm_keytable_full. */
    uint8_t reserved[2];
    struct {
        uint32_t offset;        /* From the start of the image. */
        uint32_t n;             /* Records. */
    } sections[XFSM_N_SECTIONS];
};

struct xfsm_img_name {
    uint32_t name;
};

struct xfsm_img_key {
    uint8_t n;                  /* Fields, 1 to XFSM_MAX_KEY_FIELDS. */
    uint8_t fields[XFSM_MAX_KEY_FIELDS];    /* Index into fields section. */
    struct xfsm_prefix_lengths prefixes[XFSM_MAX_KEY_FIELDS];
};

struct xfsm_img_state {
    uint64_t timeout;           /* ns, 0: none. */
    uint32_t name;
    uint32_t timeout_state;
};

struct xfsm_img_metric {
    uint64_t vd_reset_after;    /* ns. */
    uint64_t vm_window;         /* ns. */
    double vm_quantile;         /* XFSM_MON_QUANTILE: 0 to 1. */
    uint32_t name;
    uint16_t vd_slave;          /* Or XFSM_NONE. */
    uint8_t vd_on, vd_size, vd_nhash;
    uint8_t vm_on, vm_type, vm_size;
    uint8_t key_words;          /* Of the longest key used with it. */
    uint8_t vm_on_full;         /* enum xfsm_keytable_full. */
    uint16_t vm_key;            /* XFSM_MON_TOPK: shape of its keys, with the
                                 * names that its list has; XFSM_NONE if it is
                                 * never used, or of another type. */
    uint32_t vm_ttl;            /* s, XFSM_MON_DLEFT only; 0: none. */
    uint32_t reserved2;
};

struct xfsm_img_table {
    uint32_t name;
    uint16_t key;               /* Shape, or XFSM_NONE if never used. */
    uint8_t size;               /* log2 slots. */
    uint8_t on_full;            /* enum xfsm_keytable_full. */
    uint32_t ttl;               /* s, 0: none. */
    uint32_t first_entry, n_entries;
    uint32_t is_text;           /* 1: its values are texts. */
};

/* An entry: its key is, field by field, 8 bytes for a number or a MAC
 * address, 16 for an address, or text with its null byte. */
struct xfsm_img_entry {
    double value;
    uint32_t key, key_len;      /* In the strings section. */
    uint32_t text, text_len;    /* There, too: the value in a table of texts,
                                 * at most XFSM_MAX_TABLE_TEXT bytes. */
};

struct xfsm_img_class {
    uint32_t name;
    uint32_t event;             /* The timeout event, or XFSM_NONE. */
};

struct xfsm_img_event {
    uint64_t period;            /* ns, of XFSM_EV_PERIOD, else 0. */
    uint32_t topic;             /* Text, of XFSM_EV_MESSAGE, else empty. */
    uint8_t type;               /* enum xfsm_event_type. */
    uint8_t reserved[3];
    uint16_t primary;           /* Key; XFSM_NONE in events about the program,
                                 * and maybe in timeout events. */
    uint16_t handler[XFSM_MAX_STATES];      /* By state, or XFSM_NONE. */
    uint16_t reserved2[3];
};

struct xfsm_img_handler {
    uint32_t code, n_code;      /* In the code section. */
    uint32_t state_code, level, description, attack;    /* Text. */
    uint32_t first_feature, n_features;
    uint16_t event, state;
};

/* A feature's value in a handler. */
struct xfsm_img_feature {
    uint32_t name;
    uint32_t reg;
};

struct xfsm_img_prefix {
    uint8_t addr[16];
    uint8_t mask[16];
};

struct xfsm_img_text {
    uint32_t first, n;          /* In the parts section. */
};

enum xfsm_part_kind {
    XFSM_PART_LITERAL,          /* 'text'. */
    XFSM_PART_FIELD,            /* 'index' of a field. */
    XFSM_PART_REG,              /* 'index' of a register. */
    XFSM_PART_TABLE,            /* 'index' of a table, 'key'. */
    XFSM_PART_TS,
    XFSM_PART_CLIENT_ID,
    XFSM_PART_MEMBER,           /* Begins a field of a structured event:
                                 * 'text', 'len' is its name, terminated;
                                 * 'index' is an enum xfsm_member_form.  A
                                 * text without fields has none, another one
                                 * begins with one, and a field whose form is
                                 * plain has one part behind it. */
    XFSM_PART_LIST,             /* The first 'len' keys of metric 'index', a
                                 * XFSM_MON_TOPK; of the window before if
                                 * 'text' is 1 and not 0.  Behind a plain
                                 * field's name only. */
    XFSM_N_PARTS
};

struct xfsm_img_part {
    uint16_t kind;
    uint16_t index;
    uint16_t key;
    uint16_t reserved;
    uint32_t text, len;
};

/* The condition whose next state an instruction goes to: for people who ask
 * why. */
struct xfsm_img_reason {
    uint32_t expression, actions;           /* Text, as written. */
    uint32_t line;              /* Of the program's source. */
    uint32_t number;            /* In its handler, from 1. */
};

/* A verified image: typed views of its sections. */
struct xfsm_image {
    const struct xfsm_img_header *header;
#define XFSM_SECTION_MEMBER(ID, MEMBER, TYPE, DOC) \
    const TYPE *MEMBER; \
    uint32_t n_##MEMBER;
    XFSM_SECTIONS(XFSM_SECTION_MEMBER)
#undef XFSM_SECTION_MEMBER

    /* Image field index -> enum xfsm_field_id of this build. */
    uint8_t field_ids[XFSM_N_FIELDS];
};

/* Checksum of the image of 'len' bytes, as its header should have it. */
uint64_t xfsm_image_checksum(const void *image, size_t len);

/* Verifies the 'len' bytes at 'bytes', which must be aligned to 8 and outlive
 * the view.  Returns NULL and fills '*view', or an error that the caller
 * frees. */
char *xfsm_image_verify(const void *bytes, size_t len,
                        struct xfsm_image *view);

/* Words that a key takes: 1 for a number, 2 for an address or a string. */
unsigned int xfsm_image_key_words(const struct xfsm_image *, uint16_t key);

/* Words of the longest key, at least 1. */
unsigned int xfsm_image_longest_key(const struct xfsm_image *);

/* Text of an opcode. */
extern const char *const xfsm_opcode_names[XFSM_N_OPCODES];

#endif /* xfsm/program/image.h */
