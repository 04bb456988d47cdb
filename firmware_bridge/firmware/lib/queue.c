#include "queue.h"

/* Fewer than 256, so that numbers stay unambiguous. */
#define MESSAGES 128U

void queue_clear(struct queue *queue) {
    queue->tail = queue->first = queue->next = queue->end = 0;
    queue->first_number = queue->next_number = queue->end_number = queue->highest_number = 0;
}

static ring_position room(struct queue const *queue) {
    /* One byte stays free: a full ring would look like an empty one. */
    return RING_PLACE(queue->tail - queue->end - 1);
}

bool queue_room(struct queue const *queue, uint8_t length) {
    uint8_t waiting = (uint8_t)(queue->end_number - queue->first_number);
    return waiting < MESSAGES && room(queue) > length;
}

struct cbor_writer *queue_open(struct queue *queue, uint8_t most) {
    struct cbor_writer *writer = &queue->writer;
    writer->ring = queue->ring;
    writer->position = RING_PLACE(queue->end + 1);
    writer->full = !queue_room(queue, 0);
    ring_position left = (ring_position)(room(queue) - 1U);
    writer->room = (uint8_t)(left < most ? left : most);
    return writer;
}

bool queue_commit(struct queue *queue) {
    if (queue->writer.full) return false;
    queue->ring[queue->end] = (uint8_t)RING_PLACE(queue->writer.position - queue->end - 1);
    queue->end = queue->writer.position;
    queue->end_number++;
    return true;
}

static ring_position after(struct queue const *queue, ring_position position) {
    return RING_PLACE(position + queue->ring[position] + 1);
}

bool queue_acknowledge(struct queue *queue, uint8_t expected, bool held) {
    uint8_t sent = (uint8_t)(queue->highest_number - queue->first_number);
    uint8_t news = (uint8_t)(expected - queue->first_number);
    if (news == 0U || news > sent) return false;
    while (queue->first_number != expected) {
        if (queue->next_number == queue->first_number) queue_advance(queue);
        queue->first = after(queue, queue->first);
        queue->first_number++;
    }
    if (!held) queue_release(queue);
    return true;
}

void queue_release(struct queue *queue) {
    queue->tail = queue->first;
}

void queue_advance(struct queue *queue) {
    if (queue->next_number == queue->highest_number) queue->highest_number++;
    queue->next = after(queue, queue->next);
    queue->next_number++;
}

void queue_rewind(struct queue *queue) {
    queue->next = queue->first;
    queue->next_number = queue->first_number;
}
