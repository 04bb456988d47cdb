/* Messages that are to be sent and acknowledged, in order, numbered modulo 256: each a byte of length and its
 * bytes, in a ring. */
#ifndef BRIDGE_QUEUE_H
#define BRIDGE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "cbor.h"
#include "config.h"

struct queue {
    uint8_t ring[BRIDGE_QUEUE];
    ring_position tail;  /* what lies before it may be written over */
    ring_position first; /* where the oldest message begins that is not acknowledged */
    ring_position next;  /* where the message begins that is sent next */
    ring_position end;
    uint8_t first_number;
    uint8_t next_number;
    uint8_t end_number;
    struct cbor_writer writer;
    uint8_t highest_number; /* one after the greatest that was ever sent: what is sent again is below it */
};

void queue_clear(struct queue *queue);

/* Whether a message of `length` bytes finds room. */
bool queue_room(struct queue const *queue, uint8_t length);

/* A writer for the next message, of `most` bytes at most. Nothing is in the queue before queue_commit(). */
struct cbor_writer *queue_open(struct queue *queue, uint8_t most);

/* Put in what was written; false, and nothing is put in, if it did not fit. */
bool queue_commit(struct queue *queue);

/* Forget what lies before number `expected`; false if that is nothing, or no such number was sent. `held`:
 * the line still reads from what is forgotten. */
bool queue_acknowledge(struct queue *queue, uint8_t expected, bool held);

/* Let go of what was held. */
void queue_release(struct queue *queue);

/* Go on to the message after the one that is sent next. */
void queue_advance(struct queue *queue);

/* Send again from the first that is not acknowledged. */
void queue_rewind(struct queue *queue);

#endif
