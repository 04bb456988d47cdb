#include <stddef.h>

#include "board_private.h"

/* The longest answer to anything but hello and describe: [6, 65535, 32, -2147483648]. */
#define SHORT_ANSWER 12U
struct request {
    uint8_t type;
    uint8_t index;
    uint16_t number;
    struct value value;
};

static uint8_t items_of(uint8_t type) {
    switch (type) {
    case MESSAGE_SET:
        return 4;
    case MESSAGE_DESCRIBE:
    case MESSAGE_GET:
    case MESSAGE_TIME:
        return 3;
    default:
        return 2;
    }
}

static bool understood(struct request *request, uint8_t const *payload, uint8_t length) {
    struct cbor_reader reader = {.at = payload, .left = length};
    uint8_t items = cbor_array(&reader);
    /* A type or an index beyond a byte names nothing that there is; the greatest byte does not either. */
    request->type = (uint8_t)cbor_unsigned(&reader, UINT8_MAX);
    uint32_t number = cbor_unsigned(&reader, UINT32_MAX);
    request->number = reader.bad || number > UINT16_MAX ? 0U : (uint16_t)number;
    uint8_t known = items_of(request->type);
    if (known >= 3U) request->index = (uint8_t)cbor_unsigned(&reader, UINT8_MAX);
    if (known == 4U) cbor_value(&reader, &request->value);
    return items >= known && cbor_rest(&reader, (uint8_t)(items - known)) && request->number != 0U &&
           (known != 4U || request->value.kind != VALUE_OTHER);
}

static struct cbor_writer *begin(struct board *board, uint8_t type, uint16_t number, uint8_t items) {
    struct cbor_writer *writer = link_open(&board->link);
    cbor_put_array(writer, items);
    cbor_put_unsigned(writer, type);
    cbor_put_unsigned(writer, number);
    return writer;
}

static bool say_error(struct board *board, uint16_t number, uint8_t error) {
    struct cbor_writer *writer = begin(board, MESSAGE_ERROR, number, 4);
    cbor_put_unsigned(writer, error);
    cbor_put_text(writer, ""); /* the code says it all, and the host has the words */
    return queue_commit(&board->link.queue);
}

static bool say_done(struct board *board, uint16_t number) {
    (void)begin(board, MESSAGE_DONE, number, 2);
    return queue_commit(&board->link.queue);
}

static bool say_value(struct board *board, uint16_t number, uint8_t index, int32_t value) {
    struct cbor_writer *writer = begin(board, MESSAGE_VALUE, number, 4);
    cbor_put_unsigned(writer, index);
    capability_put_value(writer, &board->identity->capabilities[index], value);
    return queue_commit(&board->link.queue);
}

static bool say_board(struct board *board, uint16_t number) {
    struct cbor_writer *writer = begin(board, MESSAGE_BOARD, number, 6);
    cbor_put_flash_text(writer, board->identity->name);
    cbor_put_flash_text(writer, board->identity->firmware);
    cbor_put_text(writer, board->serial);
    cbor_put_unsigned(writer, board->identity->count);
    return queue_commit(&board->link.queue);
}

static bool say_description(struct board *board, uint16_t number, uint8_t index) {
    struct cbor_writer *writer = begin(board, MESSAGE_DESCRIPTION, number, 4);
    cbor_put_unsigned(writer, index);
    capability_put(writer, &board->identity->capabilities[index]);
    return queue_commit(&board->link.queue);
}

/* What does not fit an empty queue never will: then the answer is that it failed. */
static bool or_failed(struct board *board, uint16_t number, bool said) {
    struct queue const *queue = &board->link.queue;
    if (said || queue->tail != queue->end) return said;
    return say_error(board, number, ERROR_FAILED);
}

static bool answer_get(struct board *board, struct request const *request) {
    uint8_t index = request->index;
    int32_t value = 0;
    enum bridge_error error = capability_get(&board->identity->capabilities[index], &value);
    if (error != ERROR_NONE) return say_error(board, request->number, (uint8_t)error);
    return say_value(board, request->number, index, value);
}

static bool say_outcome(struct board *board, struct outcome const *outcome) {
    if (outcome->error != ERROR_NONE) return say_error(board, outcome->number, outcome->error);
    int32_t value = outcome->value;
    int32_t now = 0;
    if (capability_get(&board->identity->capabilities[outcome->index], &now) == ERROR_NONE) value = now;
    return say_value(board, outcome->number, outcome->index, value);
}

static bool answer_set(struct board *board, struct request const *request) {
    struct outcome const *before = recall_find(&board->recall, request->number);
    if (before != NULL) return say_outcome(board, before);
    struct outcome outcome = {request->number, 0, ERROR_NO_CAPABILITY, request->value.number};
    if (request->index < board->identity->count) {
        board->resting = false;
        outcome.index = request->index;
        outcome.error =
            (uint8_t)capability_set(&board->identity->capabilities[outcome.index], &request->value);
    }
    recall_keep(&board->recall, &outcome);
    return say_outcome(board, &outcome);
}

static bool answer_about(struct board *board, struct request const *request) {
    if (request->index >= board->identity->count)
        return say_error(board, request->number, ERROR_NO_CAPABILITY);
    if (request->type == MESSAGE_GET) return answer_get(board, request);
    return or_failed(board, request->number, say_description(board, request->number, request->index));
}

static bool answer_reboot(struct board *board, struct request const *request, uint16_t now) {
    board->reboot = true;
    board->reboot_at = now;
    return say_done(board, request->number);
}

bool board_answer(struct board *board, uint16_t now) {
    uint8_t const *frame = board->link.reader.bytes;
    if (!queue_room(&board->link.queue, SHORT_ANSWER)) return false;
    struct request request;
    if (!understood(&request, frame + FRAME_HEAD, frame[3]))
        return say_error(board, request.number, ERROR_UNKNOWN_MESSAGE);
    switch (request.type) {
    case MESSAGE_HELLO:
        return or_failed(board, request.number, say_board(board, request.number));
    case MESSAGE_SET:
        return answer_set(board, &request);
    case MESSAGE_DESCRIBE:
    case MESSAGE_GET:
        return answer_about(board, &request);
    case MESSAGE_TIME: /* nothing here needs to know it */
        return say_done(board, request.number);
    case MESSAGE_REBOOT:
        return answer_reboot(board, &request, now);
    case MESSAGE_ERROR:
    case MESSAGE_DONE:
        return true;
    default:
        return say_error(board, request.number, ERROR_UNKNOWN_MESSAGE);
    }
}
