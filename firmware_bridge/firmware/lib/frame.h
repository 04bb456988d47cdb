/*
 * Frames on the line (docs/firmware-protocol.md, section 1): bytes in, frames out; frames in, bytes out.
 * Knows nothing of links, messages or time.
 */
#ifndef BRIDGE_FRAME_H
#define BRIDGE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

enum frame_kind {
    FRAME_SYN = 0x11,
    FRAME_SYN_ACK = 0x12,
    FRAME_DATA = 0x21,
    FRAME_ACK = 0x31,
    FRAME_RST = 0x41,
};

#define FRAME_HEAD 4U
#define FRAME_CRC 2U
#define FRAME_MAX (FRAME_HEAD + BRIDGE_MTU + FRAME_CRC)

struct frame_reader {
    uint8_t bytes[FRAME_MAX]; /* kind, seq, ack, length, payload, crc: whole once frame_read() said so */
    uint8_t length;
    uint8_t left;  /* of the COBS block that is being read */
    bool begun;    /* a byte came since the last delimiter */
    bool unusable; /* too long */
    bool complete; /* the next byte begins another frame */
    uint16_t dropped;
};

/* Take a byte from the line; true when it ends a valid frame, which stays readable until the next byte. */
bool frame_read(struct frame_reader *reader, uint8_t byte);

struct frame_writer {
    uint8_t head[FRAME_HEAD];
    uint8_t crc[FRAME_CRC];
    uint8_t const *payload; /* a ring of BRIDGE_QUEUE bytes, or a shorter buffer from its beginning */
    ring_position position;
    uint8_t next; /* of the frame's bytes, the one that follows on the line */
    uint8_t left; /* of the COBS block that is being written */
    uint8_t state;
};

/* Begin a frame whose payload is `length` bytes from `position` on of a ring; it must not change until
 * frame_write() gives -1. */
void frame_begin(struct frame_writer *writer, uint8_t kind, uint8_t seq, uint8_t ack, uint8_t const *ring,
                 ring_position position, uint8_t length);

/* The next byte for the line, or -1 when the frame is out. */
int16_t frame_write(struct frame_writer *writer);

/* End a frame before its time: the other side drops what came of it. */
void frame_cut(struct frame_writer *writer);

bool frame_writing(struct frame_writer const *writer);

#endif
