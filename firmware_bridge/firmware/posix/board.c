/*
 * A board as a program: its line is standard input and output, SIGUSR1 presses its button. `board BOOT` names
 * the boot.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "house.h"
#include "line.h"
#include "port.h"
#include "serve.h"

static volatile sig_atomic_t pressed;
static char **own_arguments;
static char *own_path;

static void press(int signal) {
    (void)signal;
    pressed = 1;
}

/* A board that begins anew loses all it knew; so does a program that takes its own place, but for the next
 * boot's number. */
void port_reset(void) {
    (void)execv(own_path, own_arguments);
    exit(1);
}

uint32_t port_boot(void) {
    char const *named = own_arguments[1];
    uint32_t boot = named == NULL ? 0U : (uint32_t)strtoul(named, NULL, 10);
    static char next[16];
    static char *successor[] = {NULL, next, NULL};
    uint32_t rest = boot + 1U;
    char *digit = next + sizeof next - 1;
    do {
        *--digit = (char)('0' + rest % 10U);
        rest /= 10U;
    } while (rest != 0U);
    successor[0] = own_path;
    successor[1] = digit;
    own_arguments = successor;
    return boot;
}

int main(int count, char **arguments) {
    static struct board board;
    (void)count;
    own_path = arguments[0];
    own_arguments = arguments;
    (void)signal(SIGUSR1, press);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    (void)fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    board_init(&board, &house, "0001", port_boot());
    while (line_wait()) {
        board_serve(&board);
        if (pressed != 0) {
            pressed = 0;
            (void)board_event(&board, BUTTON, 0);
        }
    }
    return 0;
}
