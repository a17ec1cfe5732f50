/* OpenrasTerminal: a dial that is paused in RASCS_Interactive before a module that asks `Word: `. */
#include "../../c_dial/c/dialling.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static HRASCONN connection;
static int descriptor;
static RASDIALEXTENSIONS extensions;
static RASDIALPARAMSA params;

static DWORD dial(void)
{
    return RasDialA(&extensions, NULL, &params, OPENRAS_EVENTS, OPENRAS_NO_HANDLER, &connection);
}

/* The next state; the descriptor tells of it. */
static OPENRASSTATE next(void)
{
    OPENRASSTATE state;
    struct pollfd one;
    one.fd = descriptor;
    one.events = POLLIN;
    one.revents = 0;
    CHECK(poll(&one, 1, 60000) == 1);
    state.dwSize = sizeof state;
    EQUAL(0, OpenrasNextState(connection, &state));
    EQUAL(0, state.dwError);
    return state;
}

static void until(RASCONNSTATE wanted)
{
    while (next().rasconnstate != wanted)
        ;
}

/* Reads until this is there, or the end. */
static int reads(int terminal, const char *text)
{
    char got[512] = "";
    size_t length = 0;
    ssize_t bytes = 1;
    while (bytes > 0 && length < sizeof got - 1 && !strstr(got, text)) {
        struct pollfd one;
        one.fd = terminal;
        one.events = POLLIN;
        one.revents = 0;
        CHECK(poll(&one, 1, 60000) == 1);
        bytes = read(terminal, got + length, sizeof got - 1 - length);
        if (bytes > 0)
            length += (size_t)bytes;
        got[length] = 0;
    }
    if (!strstr(got, text))
        fprintf(stderr, "read: %s\n", got);
    return strstr(got, text) != NULL;
}

static void types(int terminal, const char *text)
{
    CHECK(write(terminal, text, strlen(text)) == (ssize_t)strlen(text));
}

static void ends(int terminal)
{
    char rest[512];
    ssize_t bytes;
    do
        bytes = read(terminal, rest, sizeof rest);
    while (bytes > 0);
    CHECK(bytes == 0 || errno == ECONNRESET);
    CHECK(close(terminal) == 0);
}

static void pauses(void)
{
    RAS_PROJECTION_INFO info;
    DWORD bytes = sizeof info;
    memset(&extensions, 0, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Asks", "secret");
    connection = NULL;
    EQUAL(0, dial());
    /* the pause is not there yet, or it is: never anything else */
    descriptor = OpenrasEvents(connection);
    CHECK(descriptor >= 0);
    until(RASCS_Interactive);
    info.version = RASAPIVERSION_601;
    EQUAL(ERROR_PROJECTION_NOT_COMPLETE, RasGetProjectionInfoEx(connection, &info, &bytes));
}

static int terminal_of(void)
{
    int terminal = OpenrasTerminal(connection);
    CHECK(terminal >= 0 && (fcntl(terminal, F_GETFD) & FD_CLOEXEC));
    return terminal;
}

static void talk(void)
{
    int terminal = terminal_of();
    CHECK(reads(terminal, "Word: "));
    types(terminal, "open\r");
    /* the module is content, and PPP begins: the pause is over */
    ends(terminal);
    EQUAL(0, dial());
    until(RASCS_Connected);
    CHECK(OpenrasTerminal(connection) == -1 && GetLastError() == ERROR_INVALID_PARAMETER);
}

static void at_once(void)
{
    int terminal = terminal_of();
    types(terminal, "open\r");
    EQUAL(0, dial());
    until(RASCS_Connected);
    ends(terminal);
}

static void again(void)
{
    int first = terminal_of(), second;
    CHECK(reads(first, "Word: "));
    second = terminal_of();
    ends(first);
    types(second, "op");
    CHECK(reads(second, "op"));
    CHECK(close(second) == 0);
    EQUAL(RASCS_Interactive, status_of(connection).rasconnstate);
    second = terminal_of();
    types(second, "en\r");
    ends(second);
    EQUAL(0, dial());
    until(RASCS_Connected);
}

/* Without a notifier: RasDial comes back with the question, and once more with the answer. */
static void synchronous(void)
{
    int terminal;
    memset(&extensions, 0, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Asks", "secret");
    EQUAL(ERROR_INTERACTIVE_MODE, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    terminal = terminal_of();
    CHECK(reads(terminal, "Word: "));
    types(terminal, "open\r");
    EQUAL(0, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    ends(terminal);
    hang_up(connection);
}

/* The other end says no and goes: to the RasDial that was to go on the dial is not paused, however early that is, and why
 * can be read at once. */
static void refused(void)
{
    RASCONNSTATUSA status;
    char why[1024], last[1024];
    DWORD bytes = sizeof why, as_many = sizeof last;
    int terminal = terminal_of();
    CHECK(reads(terminal, "Word: "));
    types(terminal, "shut\r");
    ends(terminal);
    EQUAL(ERROR_DIAL_ALREADY_IN_PROGRESS, dial());
    EQUAL(0, OpenrasReason(NULL, last, &as_many));
    status = status_of(connection);
    /* it failed where it was */
    EQUAL(RASCS_Interactive, status.rasconnstate);
    CHECK(status.dwError != 0);
    EQUAL(0, OpenrasReason(connection, why, &bytes));
    CHECK(bytes > 20 && !strcmp(last, why));
    /* and again, since nothing goes on any more */
    EQUAL(ERROR_DIAL_ALREADY_IN_PROGRESS, dial());
}

static void hangs_up(void)
{
    int terminal = terminal_of();
    CHECK(reads(terminal, "Word: "));
    EQUAL(0, RasHangUpA(connection));
    ends(terminal);
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    if (!strcmp(arguments[1], "synchronous")) {
        synchronous();
        return 0;
    }
    pauses();
    if (!strcmp(arguments[1], "talk"))
        talk();
    else if (!strcmp(arguments[1], "at_once"))
        at_once();
    else if (!strcmp(arguments[1], "refused"))
        refused();
    else if (!strcmp(arguments[1], "again"))
        again();
    else
        hangs_up();
    if (strcmp(arguments[1], "hang_up"))
        EQUAL(0, RasHangUpA(connection));
    gone(connection);
    CHECK(close(descriptor) == 0);
    return 0;
}
