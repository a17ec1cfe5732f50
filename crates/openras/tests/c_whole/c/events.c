/* Event loops: OPENRAS_EVENTS, OpenrasEvents, OpenrasNextState, OpenrasReason. */
#include "../../c_dial/c/dialling.h"
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

static OPENRASSTATE next(HRASCONN connection)
{
    OPENRASSTATE state;
    memset(&state, 0x5A, sizeof state);
    state.dwSize = sizeof state;
    EQUAL(0, OpenrasNextState(connection, &state));
    EQUAL(sizeof state, state.dwSize);
    EQUAL(1, state.dwSubEntry);
    EQUAL(0, state.dwExtendedError);
    return state;
}

static int readable(int descriptor, int milliseconds)
{
    struct pollfd one;
    one.fd = descriptor;
    one.events = POLLIN;
    one.revents = 0;
    CHECK(poll(&one, 1, milliseconds) >= 0);
    return (one.revents & POLLIN) != 0;
}

static void nothing_waits(HRASCONN connection)
{
    OPENRASSTATE state;
    state.dwSize = sizeof state;
    EQUAL(ERROR_NO_MORE_ITEMS, OpenrasNextState(connection, &state));
}

static DWORD dial(const char *password, HRASCONN *connection)
{
    RASDIALPARAMSA params;
    fill(&params, "Office", password);
    *connection = NULL;
    return RasDialA(NULL, NULL, &params, OPENRAS_EVENTS, OPENRAS_NO_HANDLER, connection);
}

/* The end of a connection: Disconnected, or the handle is unknown before it could be asked. */
static void hears_the_end(HRASCONN connection, int descriptor)
{
    OPENRASSTATE state;
    DWORD error;
    CHECK(readable(descriptor, 60000));
    state.dwSize = sizeof state;
    error = OpenrasNextState(connection, &state);
    if (error != ERROR_INVALID_HANDLE) {
        EQUAL(0, error);
        EQUAL(RASCS_Disconnected, state.rasconnstate);
    }
}

static void loop(void)
{
    HRASCONN connection, joined;
    OPENRASSTATE state;
    DWORD last = 0, states = 0;
    int descriptor, second;
    EQUAL(0, dial("secret", &connection));
    descriptor = OpenrasEvents(connection);
    second = OpenrasEvents(connection);
    CHECK(descriptor >= 0 && second >= 0 && second != descriptor);
    do {
        CHECK(readable(descriptor, 60000));
        state = next(connection);
        if (!states)
            EQUAL(RASCS_OpenPort, state.rasconnstate);
        EQUAL(0, state.dwError);
        EQUAL(0, state.dwMissed);
        CHECK(states == 0 || state.rasconnstate != (RASCONNSTATE)last);
        last = (DWORD)state.rasconnstate;
        states++;
    } while (last != RASCS_Connected);
    CHECK(states >= 5);
    CHECK(!readable(descriptor, 0) && !readable(second, 0));
    nothing_waits(connection);
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    /* another dial of the entry joins, and is told of Connected as well */
    EQUAL(0, dial("secret", &joined));
    CHECK(joined == connection && readable(second, 0));
    EQUAL(RASCS_Connected, next(joined).rasconnstate);
    EQUAL(0, RasHangUpA(joined));
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    CHECK(!readable(descriptor, 0));
    EQUAL(0, RasHangUpA(connection));
    hears_the_end(connection, second);
    gone(connection);
    CHECK(OpenrasEvents(connection) == -1 && GetLastError() == ERROR_INVALID_HANDLE);
    close(descriptor);
    close(second);
}

static DWORD WINAPI never(ULONG_PTR id, DWORD entry, HRASCONN connection, UINT message, RASCONNSTATE state,
    DWORD error, DWORD extended)
{
    (void)id, (void)entry, (void)connection, (void)message, (void)state, (void)error, (void)extended;
    exit(3);
}

static void failure(void)
{
    HRASCONN connection;
    RASDIALPARAMSA params;
    OPENRASSTATE state;
    char why[1024];
    DWORD bytes = sizeof why, need;
    int descriptor;
    EQUAL(0, dial("wrong", &connection));
    descriptor = OpenrasEvents(connection);
    do {
        CHECK(readable(descriptor, 60000));
        state = next(connection);
    } while (!state.dwError);
    EQUAL(ERROR_AUTHENTICATION_FAILURE, state.dwError);
    CHECK(!readable(descriptor, 100));
    EQUAL(0, OpenrasReason(connection, why, &bytes));
    CHECK(bytes == strlen(why) + 1 && bytes > 20);
    need = bytes--;
    EQUAL(ERROR_BUFFER_TOO_SMALL, OpenrasReason(connection, why, &bytes));
    EQUAL(need, bytes);
    EQUAL(ERROR_BUFFER_TOO_SMALL, OpenrasReason(connection, NULL, &bytes));
    EQUAL(ERROR_INVALID_PARAMETER, OpenrasReason(connection, why, NULL));
    CHECK(OpenrasTerminal(connection) == -1 && GetLastError() == ERROR_INVALID_PARAMETER);
    hang_up(connection);
    close(descriptor);
    /* the type and its notifier go together */
    fill(&params, "Office", "secret");
    connection = NULL;
    EQUAL(ERROR_INVALID_PARAMETER,
        RasDialA(NULL, NULL, &params, OPENRAS_EVENTS, (LPVOID)(ULONG_PTR)never, &connection));
    CHECK(connection == NULL);
    bytes = sizeof why;
    EQUAL(0, OpenrasReason(NULL, why, &bytes));
    CHECK(strstr(why, "OPENRAS_NO_HANDLER") != NULL);
}

/* A pause with an error is a question, not the end. */
static void retry(void)
{
    HRASCONN connection = NULL;
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    OPENRASSTATE state;
    int descriptor;
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Office", "wrong");
    EQUAL(0, RasDialA(&extensions, NULL, &params, OPENRAS_EVENTS, OPENRAS_NO_HANDLER, &connection));
    descriptor = OpenrasEvents(connection);
    do {
        CHECK(readable(descriptor, 60000));
        state = next(connection);
    } while (!(state.rasconnstate & RASCS_PAUSED));
    EQUAL(RASCS_RetryAuthentication, state.rasconnstate);
    CHECK(!readable(descriptor, 100));
    fill(&params, "Office", "secret");
    /* the notifier it began with, and no other */
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    EQUAL(0, RasDialA(&extensions, NULL, &params, OPENRAS_EVENTS, OPENRAS_NO_HANDLER, &connection));
    do {
        CHECK(readable(descriptor, 60000));
        state = next(connection);
        EQUAL(0, state.dwError);
    } while (state.rasconnstate != RASCS_Connected);
    hang_up(connection);
    close(descriptor);
}

static void later(void)
{
    HRASCONN connection = connected("Office");
    int descriptor;
    nothing_waits(connection);
    descriptor = OpenrasEvents(connection);
    CHECK(readable(descriptor, 0));
    EQUAL(RASCS_Connected, next(connection).rasconnstate);
    CHECK(!readable(descriptor, 0));
    close(OpenrasEvents(connection));
    CHECK(!readable(descriptor, 0));
    EQUAL(0, RasHangUpA(connection));
    hears_the_end(connection, descriptor);
    gone(connection);
    close(descriptor);
}

static void watch(void)
{
    RASCONNA one;
    DWORD bytes = sizeof one, count = 0;
    int descriptor;
    one.dwSize = sizeof one;
    EQUAL(0, RasEnumConnectionsA(&one, &bytes, &count));
    EQUAL(1, count);
    descriptor = OpenrasEvents(one.hrasconn);
    CHECK(readable(descriptor, 0));
    EQUAL(RASCS_Connected, next(one.hrasconn).rasconnstate);
    puts("watching");
    fflush(stdout);
    hears_the_end(one.hrasconn, descriptor);
    CHECK(OpenrasTerminal(one.hrasconn) == -1);
    close(descriptor);
}

/* Threads that each dial, wait, and hang up, by states alone; a watcher of their handles hears the same. */
static void *one_of_many(void *line)
{
    int round;
    for (round = 0; round < 3; round++) {
        HRASCONN connection = NULL;
        RASDIALPARAMSA params;
        OPENRASSTATE state;
        int descriptor;
        fill(&params, "", "secret");
        StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, (const char *)line);
        EQUAL(0, RasDialA(NULL, NULL, &params, OPENRAS_EVENTS, OPENRAS_NO_HANDLER, &connection));
        descriptor = OpenrasEvents(connection);
        do {
            CHECK(readable(descriptor, 60000));
            state = next(connection);
            EQUAL(0, state.dwError);
        } while (state.rasconnstate != RASCS_Connected);
        EQUAL(0, RasHangUpA(connection));
        hears_the_end(connection, descriptor);
        gone(connection);
        close(descriptor);
    }
    return NULL;
}

static void many(char *line)
{
    pthread_t threads[16];
    int n;
    for (n = 0; n < 16; n++)
        CHECK(pthread_create(&threads[n], NULL, one_of_many, line) == 0);
    for (n = 0; n < 16; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
}

int main(int count, char **arguments)
{
    if (count == 3) {
        many(arguments[2]);
        return 0;
    }
    CHECK(count == 2);
    if (!strcmp(arguments[1], "loop"))
        loop();
    else if (!strcmp(arguments[1], "failure"))
        failure();
    else if (!strcmp(arguments[1], "retry"))
        retry();
    else if (!strcmp(arguments[1], "later"))
        later();
    else if (!strcmp(arguments[1], "watch"))
        watch();
    else {
        HRASCONN connection = connected("Office");
        puts("up");
        fflush(stdout);
        (void)getchar();
        hang_up(connection);
    }
    return 0;
}
