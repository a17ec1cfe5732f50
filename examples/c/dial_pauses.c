/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A dialer for a person: it answers everything a dial may ask.
 *
 *     dial_pauses ENTRY USER
 *
 * All answers are lines of standard input. In the terminal a line goes to the other end, and a line that is a single dot
 * says that the terminal is done. The handler only remembers what it hears: RasDial is called again by the program's own
 * thread, never inside the handler.
 */
#include <windows.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strsafe.h>
#include <unistd.h>
#include <ras.h>
#include <raserror.h>
#include <openras.h>

#define MOST 64

/* States in the order they came; `heard` is signalled for each. Only one handler runs at a time. */
static struct {
    RASCONNSTATE state;
    DWORD error;
} states[MOST];
static volatile LONG told;
static HANDLE heard;

static VOID WINAPI on_state(UINT message, RASCONNSTATE state, DWORD error)
{
    (void)message;
    if (told == MOST)
        return;
    states[told].state = state;
    states[told].error = error;
    told++;
    SetEvent(heard);
}

/* A line of standard input without its end; not buffered, since the terminal reads the same descriptor. */
static BOOL read_line(const char *prompt, char *line, size_t room)
{
    size_t length = 0;
    char character;
    fputs(prompt, stdout);
    fflush(stdout);
    for (;;) {
        if (read(0, &character, 1) != 1) {
            line[length] = '\0';
            return length > 0;
        }
        if (character == '\n')
            break;
        if (character != '\r' && length + 1 < room)
            line[length++] = character;
    }
    line[length] = '\0';
    return TRUE;
}

/* Carries lines between the person and the other end until one of them is done. */
static void talk(HRASCONN connection)
{
    struct pollfd ready[2];
    char text[512];
    ssize_t count;
    int terminal = OpenrasTerminal(connection);
    if (terminal < 0) {
        printf("no terminal: %u\n", GetLastError());
        return;
    }
    ready[0].fd = terminal;
    ready[1].fd = 0;
    ready[0].events = ready[1].events = POLLIN;
    while (poll(ready, 2, -1) > 0) {
        if (ready[0].revents != 0) {
            count = read(terminal, text, sizeof text);
            if (count <= 0)
                break; /* the other end went on by itself */
            fwrite(text, 1, (size_t)count, stdout);
            fflush(stdout);
        } else if (ready[1].revents != 0) {
            if (!read_line("", text, sizeof text - 1) || strcmp(text, ".") == 0)
                break;
            StringCchCatA(text, sizeof text, "\r");
            if (write(terminal, text, strlen(text)) < 0)
                break;
        }
    }
    SecureZeroMemory(text, sizeof text);
    close(terminal);
}

/* Asks what the state wants to know. FALSE: the person has had enough. */
static BOOL answer(RASCONNSTATE state, HRASCONN connection, RASDIALPARAMSA *params)
{
    switch (state) {
    case RASCS_Interactive:
        talk(connection);
        return TRUE;
    case RASCS_RetryAuthentication:
        return read_line("\nUser: ", params->szUserName, UNLEN + 1) && params->szUserName[0] != '\0'
            && read_line("Password: ", params->szPassword, PWLEN + 1);
    case RASCS_PasswordExpired:
        return read_line("\nNew password: ", params->szPassword, PWLEN + 1);
    case RASCS_CallbackSetByCaller:
        return read_line("\nCall back at: ", params->szCallbackNumber, RAS_MaxCallbackNumber + 1);
    default:
        return FALSE;
    }
}

/* Waits for states and answers until the dial is over. */
static DWORD follow(RASDIALEXTENSIONS *extensions, RASDIALPARAMSA *params, HRASCONN *connection)
{
    LONG next;
    for (next = 0;; next++) {
        RASCONNSTATE state;
        DWORD error;
        while (next == told)
            WaitForSingleObject(heard, INFINITE);
        state = states[next].state;
        error = states[next].error;
        printf("state %d error %u\n", state, error);
        fflush(stdout);
        if ((state & RASCS_PAUSED) != 0) {
            if (!answer(state, *connection, params))
                return ERROR_USER_DISCONNECTION;
            error = RasDialA(extensions, NULL, params, 0, (LPVOID)(ULONG_PTR)on_state, connection);
            if (error != ERROR_SUCCESS)
                return error;
        } else if (error != ERROR_SUCCESS) {
            return error;
        } else if ((state & RASCS_DONE) != 0) {
            return state == RASCS_Connected ? ERROR_SUCCESS : ERROR_PORT_DISCONNECTED;
        }
    }
}

static void explain(HRASCONN connection)
{
    char text[1024];
    DWORD bytes = sizeof text;
    if (OpenrasReason(connection, text, &bytes) == ERROR_SUCCESS && text[0] != '\0')
        printf("why: %s\n", text);
}

int main(int argc, char **argv)
{
    HRASCONN connection = NULL;
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    RASCONNSTATUSA status;
    DWORD error;
    if (argc != 3) {
        fputs("usage: dial_pauses ENTRY USER\n", stderr);
        return 2;
    }
    heard = CreateEventA(NULL, FALSE, FALSE, NULL);
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    ZeroMemory(&params, sizeof params);
    params.dwSize = sizeof params;
    StringCchCopyA(params.szEntryName, RAS_MaxEntryName + 1, argv[1]);
    StringCchCopyA(params.szUserName, UNLEN + 1, argv[2]);
    StringCchCopyA(params.szCallbackNumber, RAS_MaxCallbackNumber + 1, "*");
    read_line("Password: ", params.szPassword, PWLEN + 1);
    error = RasDialA(&extensions, NULL, &params, 0, (LPVOID)(ULONG_PTR)on_state, &connection);
    if (error == ERROR_SUCCESS)
        error = follow(&extensions, &params, &connection);
    SecureZeroMemory(&params, sizeof params);
    printf("result %u\n", error);
    if (error != ERROR_SUCCESS)
        explain(connection);
    if (connection != NULL) {
        RasHangUpA(connection);
        ZeroMemory(&status, sizeof status);
        status.dwSize = sizeof status;
        while (RasGetConnectStatusA(connection, &status) != ERROR_INVALID_HANDLE)
            Sleep(50);
    }
    CloseHandle(heard);
    return error == ERROR_SUCCESS ? 0 : 1;
}
