#include "link_private.h"

#define REPETITIONS 8U
#define HEARTBEAT_MS (BRIDGE_DEAD_MS != 0 ? BRIDGE_DEAD_MS / 3U : 1000U)
#define SILENCE_MS (BRIDGE_DEAD_MS != 0 ? BRIDGE_DEAD_MS : LINK_NEVER_DEAD_MS)

static void plain(struct link *link, uint8_t kind, uint8_t length) {
    frame_begin(&link->writer, kind, 0, link->expected, link->greeting, 0, length);
}

static bool may_send(struct link const *link) {
    struct queue const *queue = &link->queue;
    return queue->next_number != queue->end_number &&
           (uint8_t)(queue->next_number - queue->first_number) < link->window;
}

static void send_next(struct link *link) {
    struct queue *queue = &link->queue;
    frame_begin(&link->writer, FRAME_DATA, queue->next_number, link->expected, queue->ring,
                RING_PLACE(queue->next + 1), queue->ring[queue->next]);
    link->holding = true;
    link->acknowledge = false;
    queue_advance(queue);
}

static void send_again(struct link *link) {
    if (link->repetitions == REPETITIONS) {
        link->up = false;
        return;
    }
    link->repetitions++;
    link->timeout = (uint16_t)(2U * link->timeout);
    if (link->timeout > TIMEOUT_MOST_MS) link->timeout = TIMEOUT_MOST_MS;
    queue_rewind(&link->queue);
    link->waiting = false;
}

void link_tick(struct link *link, uint16_t now) {
    if (!link->up) return;
    if ((uint16_t)(now - link->heard_at) >= SILENCE_MS) {
        link->up = false;
        return;
    }
    if (link->waiting && (uint16_t)(now - link->timer_at) >= link->timeout) send_again(link);
    if ((uint16_t)(now - link->written_at) >= HEARTBEAT_MS) link->acknowledge = true;
}

static void choose(struct link *link) {
    if (link->refusal != 0U) {
        link->greeting[0] = link->refusal;
        link->refusal = 0;
        link->expected = 0;
        plain(link, FRAME_RST, 1);
    } else if (!link->up) {
        link->greet = false;
    } else if (link->greet) {
        link->greet = false;
        plain(link, FRAME_SYN_ACK, link_greeting(link));
    } else if (may_send(link)) {
        send_next(link);
    } else if (link->acknowledge) {
        link->acknowledge = false;
        plain(link, FRAME_ACK, 0);
    } else {
        /* nothing to say */
    }
}

/* A frame is out. Its acknowledgement is waited for from now on: a line takes 20 ms for a long frame. */
static void sent(struct link *link, uint16_t now) {
    link->written_at = now;
    if (!link->holding) return;
    link->holding = false;
    queue_release(&link->queue);
    if (!link->waiting && link->queue.first_number != link->queue.next_number) {
        link->waiting = true;
        link->timer_at = now;
    }
}

int16_t link_give(struct link *link, uint16_t now) {
    if (frame_writing(&link->writer)) {
        int16_t byte = frame_write(&link->writer);
        if (byte >= 0) return byte;
        sent(link, now);
    }
    choose(link);
    return frame_write(&link->writer);
}
