/* Notifiers that remember what they were told. */
#ifndef HEARD_H
#define HEARD_H

#include <pthread.h>

#include "dialling.h"

#define MOST 64

static struct heard {
    RASCONNSTATE state;
    DWORD error;
    HRASCONN connection;
    pthread_t thread;
} heard[MOST];
static volatile LONG calls, inside, overlapped;
static HANDLE done, may_go_on, reached;

static BOOL remember(HRASCONN connection, RASCONNSTATE state, DWORD error)
{
    if (__sync_add_and_fetch(&inside, 1) != 1)
        overlapped = 1;
    CHECK(calls < MOST);
    heard[calls].state = state;
    heard[calls].error = error;
    heard[calls].connection = connection;
    heard[calls].thread = pthread_self();
    __sync_add_and_fetch(&calls, 1);
    return error != 0 || (state & RASCS_DONE) != 0;
}

static void leave(BOOL last)
{
    __sync_sub_and_fetch(&inside, 1);
    if (last)
        SetEvent(done);
}

static HRASCONN dial(DWORD type, LPVOID notifier, const char *entry, const char *password)
{
    RASDIALPARAMSA params;
    HRASCONN connection = NULL;
    fill(&params, entry, password);
    params.dwCallbackId = 4711;
    EQUAL(0, RasDialA(NULL, NULL, &params, type, notifier, &connection));
    CHECK(connection != NULL);
    return connection;
}

static void finished(void)
{
    EQUAL(WAIT_OBJECT_0, WaitForSingleObject(done, 60000));
}

/* in order, one at a time, on one thread, with the right arguments; nothing after Connected */
static VOID WINAPI func1(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    BOOL last = remember(connection, state, error);
    EQUAL(WM_RASDIALEVENT, message);
    EQUAL(0, more);
    leave(last);
}

/* Runs the part that is named. */
struct part {
    const char *name;
    void (*run)(void);
};

static int plays(const struct part *parts, size_t count, const char *name)
{
    size_t i;
    done = CreateEventA(NULL, TRUE, FALSE, NULL);
    may_go_on = CreateEventA(NULL, TRUE, FALSE, NULL);
    reached = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (i = 0; i < count; i++) {
        if (strcmp(name, parts[i].name) == 0) {
            parts[i].run();
            CloseHandle(done);
            CloseHandle(may_go_on);
            CloseHandle(reached);
            puts("good");
            return 0;
        }
    }
    return 2;
}

#endif
