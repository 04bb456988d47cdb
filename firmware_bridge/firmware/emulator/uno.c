/*
 * An Arduino Uno in simavr, in real time: its serial line on a TCP port of this machine, its pins on this
 * program's input and output.
 *
 *     emulator FIRMWARE.elf [PORT]
 *     emulator BOOTLOADER.hex [PORT]
 *
 * With a boot loader, as `make optiboot` builds one, it is a board as it is sold: its firmware does nothing
 * until some is flashed, and it is reset as often as a host connects, which on an Uno is what the line's DTR
 * does.
 *
 * Says `port N` when it listens; one host at a time is connected. Then a line in is a wish, and its line out
 * says that it is done:
 *
 *     press | release      the button on pin 2
 *     millivolts N         the voltage on A0
 *     reset                as the button on the board does
 *     data ADDRESS         -> data ADDRESS VALUE: a byte of the data space, in hexadecimal
 *     cut | plug           the line loses what is sent, both ways; or does not
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <avr_adc.h>
#include <avr_eeprom.h>
#include <avr_ioport.h>
#include <avr_uart.h>
#include <sim_avr.h>
#include <sim_elf.h>
#include <sim_hex.h>

#define FREQUENCY 16000000UL
#define SLICE_NS 500000L /* how far the chip may run ahead of the clock */
#define BUFFER 4096
#define MCUSR_ADDRESS 0x54
#define EXTERNAL_RESET 2

/* `rjmp .`: a firmware that stays where it is. */
static uint8_t const NOTHING[] = {0xFF, 0xCF};

struct uno {
    avr_t *avr;
    int listener;
    int host;  /* -1: none */
    bool room; /* the chip's UART takes another byte */
    bool cut;
    bool boots; /* by a boot loader */
    uint8_t in[BUFFER];
    size_t in_first, in_end;
    uint8_t out[BUFFER];
    size_t out_end;
    char line[128];
    size_t line_end;
};

static void fail(char const *what) {
    fprintf(stderr, "emulator: %s\n", what);
    exit(1);
}

static void sent(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct uno *uno = param;
    if (uno->host >= 0 && !uno->cut && uno->out_end < BUFFER) uno->out[uno->out_end++] = (uint8_t)value;
}

static void has_room(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    (void)value;
    ((struct uno *)param)->room = true;
}

static void has_none(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    (void)value;
    ((struct uno *)param)->room = false;
}

static void set_button(struct uno *uno, bool pressed) {
    avr_raise_irq(avr_io_getirq(uno->avr, AVR_IOCTL_IOPORT_GETIRQ('D'), 2), pressed ? 0 : 1);
}

static void set_millivolts(struct uno *uno, uint32_t millivolts) {
    avr_raise_irq(avr_io_getirq(uno->avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), millivolts);
}

static void load_firmware(struct uno *uno, char const *path) {
    elf_firmware_t firmware;
    memset(&firmware, 0, sizeof firmware);
    if (elf_read_firmware(path, &firmware) != 0) fail("that is no firmware");
    avr_load_firmware(uno->avr, &firmware);
}

static void load_boot_loader(struct uno *uno, char const *path) {
    ihex_chunk_p chunks = NULL;
    int count = read_ihex_chunks(path, &chunks);
    if (count <= 0) fail("that is no boot loader");
    memset(uno->avr->flash, 0xFF, uno->avr->flashend + 1);
    memcpy(uno->avr->flash, NOTHING, sizeof NOTHING);
    uno->avr->reset_pc = uno->avr->flashend;
    for (int i = 0; i < count; i++) {
        if (chunks[i].baseaddr + chunks[i].size > uno->avr->flashend + 1)
            fail("that boot loader reaches beyond the flash; `make optiboot` builds one that does not");
        memcpy(uno->avr->flash + chunks[i].baseaddr, chunks[i].data, chunks[i].size);
        if (chunks[i].baseaddr < uno->avr->reset_pc) uno->avr->reset_pc = chunks[i].baseaddr;
    }
    free_ihex_chunks(chunks);
    uno->avr->codeend = uno->avr->flashend;
}

/* As by the button on the board, or by DTR. */
static void reset_chip(struct uno *uno) {
    avr_reset(uno->avr);
    uno->avr->data[MCUSR_ADDRESS] = EXTERNAL_RESET;
    uno->room = true;
    uno->in_first = uno->in_end = 0;
}

static void make_chip(struct uno *uno, char const *path) {
    size_t length = strlen(path);
    uno->boots = length > 4 && strcmp(path + length - 4, ".hex") == 0;
    uno->avr = avr_make_mcu_by_name("atmega328p");
    if (uno->avr == NULL) fail("simavr has no ATmega328P");
    avr_init(uno->avr);
    if (uno->boots) {
        load_boot_loader(uno, path);
    } else {
        load_firmware(uno, path);
    }
    uno->avr->frequency = FREQUENCY;
    uno->avr->vcc = uno->avr->avcc = uno->avr->aref = 5000;
    uno->avr->log = LOG_ERROR;
    uint32_t flags = 0;
    avr_ioctl(uno->avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_t *uart = avr_io_getirq(uno->avr, AVR_IOCTL_UART_GETIRQ('0'), 0);
    avr_irq_register_notify(uart + UART_IRQ_OUTPUT, sent, uno);
    avr_irq_register_notify(uart + UART_IRQ_OUT_XON, has_room, uno);
    avr_irq_register_notify(uart + UART_IRQ_OUT_XOFF, has_none, uno);
    uno->room = true;
    set_button(uno, false);
    set_millivolts(uno, 715);
    if (uno->boots) reset_chip(uno);
}

static void make_listener(struct uno *uno, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    int yes = 1;
    uno->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(uno->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(uno->listener, (struct sockaddr *)&address, size) != 0 || listen(uno->listener, 1) != 0)
        fail(strerror(errno));
    getsockname(uno->listener, (struct sockaddr *)&address, &size);
    printf("port %d\n", ntohs(address.sin_port));
}

static void obey(struct uno *uno, char const *wish) {
    unsigned number = 0;
    if (strcmp(wish, "press") == 0) {
        set_button(uno, true);
    } else if (strcmp(wish, "release") == 0) {
        set_button(uno, false);
    } else if (sscanf(wish, "millivolts %u", &number) == 1) {
        set_millivolts(uno, number);
    } else if (strcmp(wish, "reset") == 0) {
        reset_chip(uno);
    } else if (strcmp(wish, "cut") == 0 || strcmp(wish, "plug") == 0) {
        uno->cut = wish[0] == 'c';
    } else if (sscanf(wish, "data %x", &number) == 1 && number <= uno->avr->ramend) {
        printf("data %x %x\n", number, uno->avr->data[number]);
        return;
    } else {
        printf("unknown %s\n", wish);
        return;
    }
    printf("%s\n", wish);
}

/* Whoever started this holds the other end of its input: without them it ends. */
static void read_wishes(struct uno *uno) {
    ssize_t got = read(STDIN_FILENO, uno->line + uno->line_end, sizeof uno->line - 1 - uno->line_end);
    if (got == 0) exit(0);
    if (got < 0) return;
    uno->line_end += (size_t)got;
    uno->line[uno->line_end] = '\0';
    for (char *end = strchr(uno->line, '\n'); end != NULL; end = strchr(uno->line, '\n')) {
        *end = '\0';
        obey(uno, uno->line);
        uno->line_end -= (size_t)(end + 1 - uno->line);
        memmove(uno->line, end + 1, uno->line_end + 1);
    }
    if (uno->line_end == sizeof uno->line - 1) uno->line_end = 0;
}

static void hang_up(struct uno *uno) {
    close(uno->host);
    uno->host = -1;
    uno->in_first = uno->in_end = uno->out_end = 0;
}

static void accept_host(struct uno *uno) {
    int host = accept(uno->listener, NULL, NULL);
    if (host < 0) return;
    if (uno->host >= 0) hang_up(uno);
    int yes = 1;
    setsockopt(host, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(host, F_SETFL, O_NONBLOCK);
    uno->host = host;
    if (uno->boots) reset_chip(uno);
}

static void read_host(struct uno *uno) {
    if (uno->in_first == uno->in_end) uno->in_first = uno->in_end = 0;
    if (uno->in_end == BUFFER) return;
    ssize_t got = read(uno->host, uno->in + uno->in_end, BUFFER - uno->in_end);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        hang_up(uno);
    } else if (got > 0 && !uno->cut) {
        uno->in_end += (size_t)got;
    }
}

/* One who is gone is no more than that: without the flag a signal would end the emulator. */
static void write_host(struct uno *uno) {
    if (uno->host < 0 || uno->out_end == 0) return;
    ssize_t put = send(uno->host, uno->out, uno->out_end, MSG_NOSIGNAL);
    if (put > 0) {
        uno->out_end -= (size_t)put;
        memmove(uno->out, uno->out + put, uno->out_end);
    } else if (errno != EAGAIN) {
        hang_up(uno);
    }
}

static void look_around(struct uno *uno) {
    write_host(uno);
    struct pollfd ends[] = {{STDIN_FILENO, POLLIN, 0}, {uno->listener, POLLIN, 0}, {uno->host, POLLIN, 0}};
    if (poll(ends, 3, 0) <= 0) return;
    if (ends[2].revents != 0) read_host(uno);
    if (ends[1].revents != 0) accept_host(uno);
    if (ends[0].revents != 0) read_wishes(uno);
}

static void run_until(struct uno *uno, avr_cycle_count_t cycle) {
    avr_irq_t *input = avr_io_getirq(uno->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    while (uno->avr->cycle < cycle) {
        while (uno->room && uno->in_first != uno->in_end)
            avr_raise_irq(input, uno->in[uno->in_first++]);
        int state = avr_run(uno->avr);
        if (state == cpu_Done || state == cpu_Crashed) fail("the firmware crashed");
    }
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int count, char **arguments) {
    static struct uno uno = {.host = -1};
    if (count < 2) fail("name the firmware: emulator FIRMWARE.elf [PORT]");
    setvbuf(stdout, NULL, _IOLBF, 0);
    make_chip(&uno, arguments[1]);
    make_listener(&uno, count > 2 ? (uint16_t)atoi(arguments[2]) : 0);
    int64_t start = nanoseconds();
    for (avr_cycle_count_t slice = 1;; slice++) {
        look_around(&uno);
        run_until(&uno, slice * (FREQUENCY / 1000) * (SLICE_NS / 1000) / 1000);
        int64_t ahead = start + (int64_t)slice * SLICE_NS - nanoseconds();
        if (ahead > 0) nanosleep(&(struct timespec){0, (long)ahead}, NULL);
    }
}
