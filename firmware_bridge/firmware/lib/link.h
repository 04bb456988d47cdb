/*
 * The board's side of a link (docs/firmware-protocol.md, section 2): messages arrive once and in order, or
 * the link is down. Bytes and the time in, bytes out; the time is milliseconds modulo 65536, and to be shown
 * it every few seconds at least. Knows nothing of what messages mean.
 */
#ifndef BRIDGE_LINK_H
#define BRIDGE_LINK_H

#include "frame.h"
#include "queue.h"

#define LINK_VERSION 1U
#define LINK_NEVER_DEAD_MS 3000U

enum link_news {
    LINK_NOTHING,
    LINK_MESSAGE,  /* the reader's payload is the next message; link_accept() it, or it comes again */
    LINK_NEW_HOST, /* a link began, with a host that is another than the last one */
};

struct link {
    struct frame_reader reader;
    struct frame_writer writer;
    struct queue queue;
    uint32_t name;
    uint32_t host;
    uint32_t boot;
    uint16_t hosts;      /* how many there were, one after the other */
    uint16_t heard_at;   /* when the host said something last */
    uint16_t written_at; /* when a frame left last */
    uint16_t timer_at;   /* since when an acknowledgement is waited for */
    uint16_t timeout;    /* and how long */
    uint8_t greeting[24];
    uint8_t mtu;
    uint8_t window;
    uint8_t expected; /* the number of the next DATA from the host */
    uint8_t repetitions;
    uint8_t refusal; /* why the RST that is to be sent, or 0 */
    bool up;
    bool greet;
    bool acknowledge;
    bool waiting; /* the timer runs */
    bool holding; /* the line reads from the queue */
};

void link_init(struct link *link, uint32_t boot);

/* Take a byte from the line. */
enum link_news link_take(struct link *link, uint8_t byte, uint16_t now);

/* The message that link_take() told of is taken. */
void link_accept(struct link *link);

/* See what is due. To be called every few milliseconds, also while the line takes nothing. */
void link_tick(struct link *link, uint16_t now);

/* The next byte for the line, or -1. */
int16_t link_give(struct link *link, uint16_t now);

/* A writer for a message, to be committed to the queue; always full while the link is down. */
struct cbor_writer *link_open(struct link *link);

#endif
