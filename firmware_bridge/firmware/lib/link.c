#include <string.h>

#include "link_private.h"

void link_init(struct link *link, uint32_t boot) {
    memset(link, 0, sizeof *link);
    link->boot = boot;
    link->refusal = REFUSE_NO_LINK; /* so that a host that was there need not wait to find out */
}

void link_refuse(struct link *link, uint8_t why) {
    link->up = false;
    link->refusal = why;
}

static void acknowledged(struct link *link, uint8_t expected, uint16_t now) {
    if (!queue_acknowledge(&link->queue, expected, link->holding)) return;
    link->repetitions = 0;
    link->timeout = TIMEOUT_MS;
    link->waiting = link->queue.first_number != link->queue.next_number;
    link->timer_at = now;
}

static enum link_news arrived(struct link *link, uint8_t const *frame, uint16_t now) {
    if (!link->up) {
        link_refuse(link, REFUSE_NO_LINK);
        return LINK_NOTHING;
    }
    link->heard_at = now;
    acknowledged(link, frame[2], now);
    if (frame[0] != FRAME_DATA) return LINK_NOTHING;
    if (frame[3] > link->mtu) {
        link_refuse(link, REFUSE_PROTOCOL);
        return LINK_NOTHING;
    }
    link->acknowledge = true;
    return frame[1] == link->expected ? LINK_MESSAGE : LINK_NOTHING;
}

enum link_news link_take(struct link *link, uint8_t byte, uint16_t now) {
    if (!frame_read(&link->reader, byte)) return LINK_NOTHING;
    uint8_t const *frame = link->reader.bytes;
    switch (frame[0]) {
    case FRAME_SYN:
        return link_greeted(link, frame + FRAME_HEAD, frame[3], now) ? LINK_NEW_HOST : LINK_NOTHING;
    case FRAME_DATA:
    case FRAME_ACK:
        return arrived(link, frame, now);
    case FRAME_RST:
        link->up = false;
        return LINK_NOTHING;
    default: /* a SYN-ACK: only boards send these, so it is this board's own, echoed */
        return LINK_NOTHING;
    }
}

void link_accept(struct link *link) {
    link->expected++;
}

struct cbor_writer *link_open(struct link *link) {
    return queue_open(&link->queue, link->up ? link->mtu : 0U);
}
