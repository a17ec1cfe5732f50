/* The rules of notifiers. The argument names one. */
#include "heard.h"

static void order(void)
{
    static const RASCONNSTATE usual[] = { RASCS_OpenPort, RASCS_PortOpened, RASCS_ConnectDevice,
        RASCS_DeviceConnected, RASCS_AllDevicesConnected, RASCS_Authenticate, RASCS_AuthNotify,
        RASCS_Authenticated, RASCS_AuthProject, RASCS_Projected, RASCS_Connected };
    HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)func1, "Office", "secret");
    LONG i;
    finished();
    EQUAL(ARRAYSIZE(usual), calls);
    for (i = 0; i < calls; i++) {
        EQUAL(usual[i], heard[i].state);
        EQUAL(0, heard[i].error);
        CHECK(heard[i].connection == connection);
        CHECK(pthread_equal(heard[i].thread, heard[0].thread) && !pthread_equal(heard[i].thread, pthread_self()));
    }
    CHECK(!overlapped);
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    hang_up(connection);
    EQUAL(ARRAYSIZE(usual), calls);
}

/* a failure is the last that is told, and stays readable until the hang-up */
static void failure(void)
{
    HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)func1, "Office", "wrong");
    LONG last;
    finished();
    last = calls - 1;
    EQUAL(ERROR_AUTHENTICATION_FAILURE, heard[last].error);
    EQUAL(RASCS_AuthNotify, heard[last].state);
    EQUAL(ERROR_AUTHENTICATION_FAILURE, status_of(connection).dwError);
    EQUAL(heard[last].state, status_of(connection).rasconnstate);
    hang_up(connection);
    EQUAL(last + 1, calls);
}

/* the dial stands still until the notifier returns */
static VOID WINAPI slow(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    BOOL last = remember(connection, state, error);
    (void)message;
    (void)more;
    if (state == RASCS_ConnectDevice) {
        SetEvent(reached);
        WaitForSingleObject(may_go_on, 60000);
    }
    leave(last);
}

static void waits(void)
{
    HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)slow, "Office", "secret");
    DWORD begun;
    EQUAL(WAIT_OBJECT_0, WaitForSingleObject(reached, 60000));
    for (begun = GetTickCount(); GetTickCount() - begun < 400; Sleep(10)) {
        EQUAL(RASCS_ConnectDevice, status_of(connection).rasconnstate);
        EQUAL(3, calls);
    }
    SetEvent(may_go_on);
    finished();
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    CHECK(!overlapped);
    hang_up(connection);
}

/* RasDial inside is refused, the others work */
static VOID WINAPI asks(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    BOOL last = remember(connection, state, error);
    RASDIALPARAMSA params;
    RASCONNA list[8];
    HRASCONN other = NULL;
    DWORD bytes = sizeof list, count;
    char text[1024];
    (void)message;
    (void)more;
    fill(&params, "Second", "secret");
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 0, NULL, &other));
    CHECK(other == NULL);
    bytes = sizeof text;
    EQUAL(0, OpenrasReason(NULL, text, &bytes));
    CHECK(strstr(text, "notifier") != NULL);
    other = connection;
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 1, (LPVOID)(ULONG_PTR)asks, &other));
    EQUAL(state, status_of(connection).rasconnstate);
    list[0].dwSize = sizeof list[0];
    bytes = sizeof list;
    EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
    EQUAL(state == RASCS_Connected ? 1 : 0, count);
    EQUAL(0, RasGetErrorStringA(691, text, sizeof text));
    leave(last);
}

static void inside_functions(void)
{
    HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)asks, "Office", "secret");
    finished();
    EQUAL(11, calls);
    hang_up(connection);
}

/* RasHangUp inside acts, wherever it is called; nothing is told afterwards */
static LONG hang_up_at;

static VOID WINAPI hangs_up(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    remember(connection, state, error);
    (void)message;
    (void)more;
    if (calls == hang_up_at) {
        EQUAL(0, RasHangUpA(connection));
        EQUAL(ERROR_INVALID_HANDLE, RasHangUpA(connection));
        SetEvent(done);
    }
    leave(FALSE);
}

static void hang_up_inside(void)
{
    for (hang_up_at = 1; hang_up_at <= 11; hang_up_at++) {
        HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)hangs_up, "Office", "secret");
        finished();
        gone(connection);
        EQUAL(hang_up_at, calls);
        ResetEvent(done);
        calls = 0;
    }
}

/* a handler of type 2 that gave 0 is not called again, and the connection goes on */
static DWORD WINAPI once(ULONG_PTR id, DWORD sub_entry, HRASCONN connection, UINT message, RASCONNSTATE state,
    DWORD error, DWORD more)
{
    remember(connection, state, error);
    EQUAL(4711, id);
    EQUAL(1, sub_entry);
    EQUAL(WM_RASDIALEVENT, message);
    EQUAL(0, more);
    leave(FALSE);
    return calls < 4;
}

static void silent(void)
{
    HRASCONN connection = dial(2, (LPVOID)(ULONG_PTR)once, "Office", "secret");
    reaches(connection, RASCS_Connected);
    EQUAL(4, calls);
    hang_up(connection);
    EQUAL(4, calls);
}

/* no lock is held while a notifier runs: another thread may do everything meanwhile */
static void *everything(void *unused)
{
    HRASCONN other = connected("Second");
    RASCONNA list[8];
    DWORD bytes = sizeof list, count;
    list[0].dwSize = sizeof list[0];
    EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
    EQUAL(1, count);
    EQUAL(RASCS_OpenPort, status_of(heard[0].connection).rasconnstate);
    hang_up(other);
    return unused;
}

static VOID WINAPI delegates(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    BOOL last = remember(connection, state, error);
    pthread_t thread;
    (void)message;
    (void)more;
    if (state == RASCS_OpenPort) {
        EQUAL(0, pthread_create(&thread, NULL, everything, NULL));
        EQUAL(0, pthread_join(thread, NULL));
    }
    leave(last);
}

static void unlocked(void)
{
    HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)delegates, "Office", "secret");
    finished();
    hang_up(connection);
}

/* each connection has its thread: two notifiers wait for each other */
static HANDLE here[2];

static DWORD WINAPI meets(ULONG_PTR id, DWORD sub_entry, HRASCONN connection, UINT message, RASCONNSTATE state,
    DWORD error, DWORD more)
{
    (void)sub_entry;
    (void)connection;
    (void)message;
    (void)error;
    (void)more;
    if (state == RASCS_OpenPort) {
        SetEvent(here[id]);
        EQUAL(WAIT_OBJECT_0, WaitForSingleObject(here[1 - id], 60000));
    }
    return 1;
}

static void meeting(void)
{
    HRASCONN connections[2] = { NULL, NULL };
    RASDIALPARAMSA params;
    ULONG_PTR i;
    for (i = 0; i < 2; i++)
        here[i] = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (i = 0; i < 2; i++) {
        fill(&params, i == 0 ? "Office" : "Second", "secret");
        params.dwCallbackId = i;
        EQUAL(0, RasDialA(NULL, NULL, &params, 2, (LPVOID)(ULONG_PTR)meets, &connections[i]));
    }
    for (i = 0; i < 2; i++) {
        reaches(connections[i], RASCS_Connected);
        hang_up(connections[i]);
    }
    for (i = 0; i < 2; i++)
        CloseHandle(here[i]);
}

/* RasHangUp from another thread while a notifier runs */
static void hang_up_outside(void)
{
    HRASCONN connection = dial(1, (LPVOID)(ULONG_PTR)slow, "Office", "secret");
    LONG before;
    EQUAL(WAIT_OBJECT_0, WaitForSingleObject(reached, 60000));
    before = calls;
    EQUAL(0, RasHangUpA(connection));
    SetEvent(may_go_on);
    gone(connection);
    EQUAL(before, calls);
}

/* a new dial of the same entry is possible at once */
static void again(void)
{
    int i;
    for (i = 0; i < 5; i++) {
        HRASCONN first = connected("Office"), second;
        EQUAL(0, RasHangUpA(first));
        second = connected("Office");
        CHECK(first != second);
        hang_up(second);
        gone(first);
    }
}

int main(int argc, char **argv)
{
    static const struct part parts[] = { { "order", order }, { "failure", failure }, { "waits", waits },
        { "inside", inside_functions }, { "hang_up_inside", hang_up_inside }, { "silent", silent },
        { "unlocked", unlocked }, { "meeting", meeting }, { "hang_up_outside", hang_up_outside },
        { "again", again } };
    CHECK(argc == 2);
    return plays(parts, ARRAYSIZE(parts), argv[1]);
}
