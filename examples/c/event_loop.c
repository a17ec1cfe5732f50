/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A dialer that is one loop: states, the terminal of a pause and the keyboard, all by poll(). What the other side writes
 * before PPP is shown, what is typed is sent. With openras.h, thus for Linux only.
 *
 *     event_loop ENTRY USER        the password is the first line of standard input; a later end of it hangs up
 */
#include <windows.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <strsafe.h>
#include <ras.h>
#include <raserror.h>
#include <openras.h>

enum { STATES, TERMINAL, KEYBOARD, ALL };

static RASDIALPARAMSA params;
static RASDIALEXTENSIONS extensions;
static HRASCONN connection;
static struct pollfd wait_for[ALL];

/* Begins the dial, or goes on with it. */
static DWORD dial(void)
{
    return RasDialA(&extensions, NULL, &params, OPENRAS_EVENTS, OPENRAS_NO_HANDLER, &connection);
}

static DWORD say(const char *what, DWORD error)
{
    char why[1024] = "";
    DWORD bytes = sizeof why;
    OpenrasReason(connection, why, &bytes);
    fprintf(stderr, "%s: %u: %s\n", what, error, why);
    return error;
}

/* Looks at all states that wait. */
static DWORD states(void)
{
    OPENRASSTATE state;
    state.dwSize = sizeof state;
    while (OpenrasNextState(connection, &state) == 0) {
        if (state.dwError)
            return say("the dial failed", state.dwError);
        /* what is typed waits until somebody is there to read it */
        if (state.rasconnstate == RASCS_Interactive || state.rasconnstate == RASCS_Connected)
            wait_for[KEYBOARD].fd = STDIN_FILENO;
        if (state.rasconnstate == RASCS_Interactive)
            wait_for[TERMINAL].fd = OpenrasTerminal(connection);
        else if (state.rasconnstate == RASCS_Connected)
            puts("connected");
        else if (state.rasconnstate == RASCS_Disconnected)
            return ERROR_DISCONNECTION;
    }
    fflush(stdout);
    return 0;
}

/* Shows what came; at the end of the pause the dial goes on. */
static DWORD terminal(void)
{
    char text[512];
    ssize_t const bytes = read(wait_for[TERMINAL].fd, text, sizeof text);
    if (bytes > 0) {
        fwrite(text, 1, (size_t)bytes, stdout);
        fflush(stdout);
        return 0;
    }
    close(wait_for[TERMINAL].fd);
    wait_for[TERMINAL].fd = wait_for[KEYBOARD].fd = -1;
    return dial();
}

/* Sends what was typed; when connected nobody reads it. Gives whether the keyboard is there still. */
static int keyboard(void)
{
    char text[512];
    ssize_t const bytes = read(STDIN_FILENO, text, sizeof text);
    if (bytes > 0 && wait_for[TERMINAL].fd >= 0 && write(wait_for[TERMINAL].fd, text, (size_t)bytes) < 0)
        perror("terminal");
    return bytes > 0;
}

/* One byte at a time: what follows is for the loop. */
static void line(char *text, size_t room)
{
    size_t length = 0;
    while (length < room - 1 && read(STDIN_FILENO, text + length, 1) == 1 && text[length] != '\n')
        length++;
    text[length] = 0;
}

int main(int count, char **arguments)
{
    DWORD error;
    int n;
    if (count != 3) {
        fprintf(stderr, "usage: %s ENTRY USER\n", arguments[0]);
        return 2;
    }
    params.dwSize = sizeof params;
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    StringCchCopyA(params.szEntryName, RAS_MaxEntryName + 1, arguments[1]);
    StringCchCopyA(params.szUserName, UNLEN + 1, arguments[2]);
    line(params.szPassword, sizeof params.szPassword);
    for (n = 0; n < ALL; n++) {
        wait_for[n].fd = -1;
        wait_for[n].events = POLLIN;
    }
    error = dial();
    if (error)
        say("RasDial", error);
    wait_for[STATES].fd = connection ? OpenrasEvents(connection) : -1;
    while (!error && poll(wait_for, ALL, -1) > 0) {
        if (wait_for[STATES].revents)
            error = states();
        if (!error && wait_for[TERMINAL].fd >= 0 && wait_for[TERMINAL].revents)
            error = terminal();
        if (wait_for[KEYBOARD].revents && !keyboard())
            break;
    }
    SecureZeroMemory(params.szPassword, sizeof params.szPassword);
    if (connection) {
        RASCONNSTATUSA status;
        status.dwSize = sizeof status;
        RasHangUpA(connection);
        while (RasGetConnectStatusA(connection, &status) == 0)
            Sleep(10);
        close(wait_for[STATES].fd);
    }
    return error != 0;
}
