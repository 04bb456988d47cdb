#include "link_private.h"

#define GREETING_ITEMS 5U
#define LEAST_MTU 48U
#define GREATEST_MTU 240U
#define GREATEST_WINDOW 8U

struct greeting {
    uint32_t link;
    uint32_t host;
    uint8_t mtu;
    uint8_t window;
};

static bool understood(struct greeting *greeting, uint8_t const *payload, uint8_t length) {
    struct cbor_reader reader = {.at = payload, .left = length};
    uint8_t items = cbor_array(&reader);
    uint8_t version = (uint8_t)cbor_unsigned(&reader, LINK_VERSION);
    greeting->link = cbor_unsigned(&reader, UINT32_MAX);
    greeting->mtu = (uint8_t)cbor_unsigned(&reader, GREATEST_MTU + 1U);
    greeting->window = (uint8_t)cbor_unsigned(&reader, GREATEST_WINDOW + 1U);
    greeting->host = cbor_unsigned(&reader, UINT32_MAX);
    return items >= GREETING_ITEMS && cbor_rest(&reader, (uint8_t)(items - GREETING_ITEMS)) &&
           version == LINK_VERSION && greeting->mtu >= LEAST_MTU && greeting->mtu <= GREATEST_MTU &&
           greeting->window >= 1U && greeting->window <= GREATEST_WINDOW;
}

static void begin(struct link *link, struct greeting const *greeting, uint16_t now) {
    link->name = greeting->link;
    link->mtu = greeting->mtu < BRIDGE_MTU ? greeting->mtu : (uint8_t)BRIDGE_MTU;
    link->window = greeting->window;
    link->expected = 0;
    link->repetitions = 0;
    link->acknowledge = false;
    link->waiting = false;
    link->refusal = 0;
    /* What the line still reads from the queue is about to be written over. */
    if (link->holding) frame_cut(&link->writer);
    link->holding = false;
    queue_clear(&link->queue);
    link->timeout = TIMEOUT_MS;
    link->up = true;
    link->heard_at = now;
    link->written_at = now;
}

bool link_greeted(struct link *link, uint8_t const *payload, uint8_t length, uint16_t now) {
    struct greeting greeting;
    if (!understood(&greeting, payload, length)) {
        link_refuse(link, REFUSE_PROTOCOL);
        return false;
    }
    link->greet = true;
    /* Who only knocks looks after nothing: a repeated SYN is not heard. */
    if (link->up && link->name == greeting.link) return false;
    begin(link, &greeting, now);
    bool another = link->hosts == 0U || link->host != greeting.host;
    if (another) link->hosts++;
    link->host = greeting.host;
    return another;
}

uint8_t link_greeting(struct link *link) {
    struct cbor_writer writer = {.ring = link->greeting, .room = sizeof link->greeting};
    cbor_put_array(&writer, 7);
    cbor_put_unsigned(&writer, LINK_VERSION);
    cbor_put_unsigned(&writer, link->name);
    cbor_put_unsigned(&writer, BRIDGE_MTU);
    cbor_put_unsigned(&writer, BRIDGE_WINDOW);
    cbor_put_unsigned(&writer, link->boot);
    cbor_put_unsigned(&writer, BRIDGE_DEAD_MS);
    cbor_put_unsigned(&writer, link->hosts);
    return (uint8_t)writer.position;
}
