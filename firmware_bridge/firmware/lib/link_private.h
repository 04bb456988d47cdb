/* What the two halves of a link, taking and giving, call of each other. */
#ifndef BRIDGE_LINK_PRIVATE_H
#define BRIDGE_LINK_PRIVATE_H

#include "link.h"

/* For an acknowledgement a fixed time is waited, doubled for each repetition up to a second: an estimate
 * costs 400 bytes of flash. */
#define TIMEOUT_MS 100U
#define TIMEOUT_MOST_MS 1000U

/* Why an RST is sent. */
enum { REFUSE_NO_LINK = 1, REFUSE_PROTOCOL = 2, REFUSE_LEAVING = 3 };

/* Take up the link that a SYN's payload asks for, or refuse it; true if its host is another than the last
 * one. */
bool link_greeted(struct link *link, uint8_t const *payload, uint8_t length, uint16_t now);

/* Write the greeting of a SYN-ACK; gives its length. */
uint8_t link_greeting(struct link *link);

void link_refuse(struct link *link, uint8_t why);

#endif
