/*
 * A board: what it is and can do, told and done over a link (docs/firmware-protocol.md, sections 3 and 4).
 * Bytes and the time in, bytes out; what moves is behind the capabilities' functions. One structure is all of
 * its memory.
 */
#ifndef BRIDGE_BOARD_H
#define BRIDGE_BOARD_H

#include "capability.h"
#include "link.h"
#include "recall.h"

struct identity {
    char name[BRIDGE_TEXT];
    char firmware[BRIDGE_TEXT];
    struct capability const FLASH *capabilities;
    uint8_t count;
};

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct board {
    struct link link;
    struct recall recall;
    struct identity const FLASH *identity;
    char const *serial;
    uint16_t reboot_at;
    bool reboot;
    bool resting; /* nothing was set since the safe values were */
};

/* `serial`: at most 24 bytes, empty if it has none. `boot`: another number after each reset. Goes to the safe
 * values. */
void board_init(struct board *board, struct identity const FLASH *identity, char const *serial,
                uint32_t boot);

/* Take a byte from the line. */
void board_take(struct board *board, uint8_t byte, uint16_t now);

/* See what is due, the safe values above all. To be called every few milliseconds, also while the line takes
 * nothing. */
void board_tick(struct board *board, uint16_t now);

/* The next byte for the line, or -1. */
int16_t board_give(struct board *board, uint16_t now);

/* Say that a capability changed by itself, or was pressed; false if nobody hears it. */
bool board_event(struct board *board, uint8_t index, int32_t value);

/* Say something to whoever looks after the board; false if nobody hears it. At most 24 bytes of text. */
bool board_log(struct board *board, enum log_level level, char const FLASH *text);

/* Whether the host asked for a reset, and has had the time to hear that it comes. */
bool board_reboots(struct board const *board, uint16_t now);

#endif
