/* The rules of notifiers. The argument names one. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* the entry is connected: the same handle, and the new notifier is told so once */
static VOID WINAPI joins(HRASCONN connection, UINT message, RASCONNSTATE state, DWORD error, DWORD more)
{
    BOOL last = remember(connection, state, error);
    EQUAL(WM_RASDIALEVENT, message);
    EQUAL(0, more);
    leave(last);
}

static void joined(void)
{
    HRASCONN first = connected("Office"), second, third = NULL;
    RASDIALPARAMSA params;
    second = dial(1, (LPVOID)(ULONG_PTR)joins, "Office", "whatever");
    CHECK(second == first);
    finished();
    EQUAL(1, calls);
    EQUAL(RASCS_Connected, heard[0].state);
    CHECK(heard[0].connection == first);
    /* the name's case does not matter */
    fill(&params, "OFFICE", "secret");
    EQUAL(0, RasDialA(NULL, NULL, &params, 0, NULL, &third));
    CHECK(third == first);
    EQUAL(0, RasHangUpA(first));
    EQUAL(0, RasHangUpA(first));
    EQUAL(RASCS_Connected, status_of(first).rasconnstate);
    hang_up(first);
    EQUAL(1, calls);
}

/* it is being dialled: 756 */
static void in_progress(void)
{
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    HRASCONN connection = NULL, second = NULL;
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Office", "wrong");
    EQUAL(ERROR_AUTHENTICATION_FAILURE, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    EQUAL(ERROR_DIAL_ALREADY_IN_PROGRESS, RasDialA(&extensions, NULL, &params, 0, NULL, &second));
    CHECK(second == NULL);
    StringCchCopyA(params.szPassword, PWLEN + 1, "secret");
    EQUAL(0, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    hang_up(connection);
}

/* a synchronous dial returns at each pause with its number, and goes on with the next RasDial */
static void pauses(void)
{
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    RASPPPIPA ip;
    DWORD bytes = sizeof ip, begun;
    HRASCONN connection = NULL, same;
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Talk", "wrong");
    EQUAL(ERROR_INTERACTIVE_MODE, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    same = connection;
    /* the other end begins PPP by itself; for the program the dial waits */
    for (begun = GetTickCount(); GetTickCount() - begun < 300; Sleep(10)) {
        EQUAL(RASCS_Interactive, status_of(connection).rasconnstate);
        EQUAL(0, status_of(connection).dwError);
    }
    EQUAL(ERROR_AUTHENTICATION_FAILURE, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    EQUAL(RASCS_RetryAuthentication, status_of(connection).rasconnstate);
    EQUAL(ERROR_AUTHENTICATION_FAILURE, status_of(connection).dwError);
    ip.dwSize = sizeof ip;
    EQUAL(ERROR_PROJECTION_NOT_COMPLETE, RasGetProjectionInfoA(connection, RASP_PppIp, &ip, &bytes));
    EQUAL(ERROR_PORT_NOT_OPEN, RasGetSubEntryHandleA(connection, 1, &same));
    StringCchCopyA(params.szPassword, PWLEN + 1, "secret");
    EQUAL(0, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    CHECK(same == connection);
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    hang_up(connection);
}

/* with pauses off the same point is an error, and the dial is over */
static void no_pauses(void)
{
    RASDIALPARAMSA params;
    HRASCONN connection = NULL;
    LONG last;
    fill(&params, "Talk", "secret");
    EQUAL(ERROR_INTERACTIVE_MODE, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    EQUAL(ERROR_INTERACTIVE_MODE, status_of(connection).dwError);
    EQUAL(ERROR_DIAL_ALREADY_IN_PROGRESS, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    hang_up(connection);
    connection = dial(1, (LPVOID)(ULONG_PTR)joins, "Talk", "secret");
    finished();
    last = calls - 1;
    EQUAL(ERROR_INTERACTIVE_MODE, heard[last].error);
    hang_up(connection);
    EQUAL(last + 1, calls);
}

/* called back: every state of it, in its order */
static void callback(void)
{
    static const RASCONNSTATE wanted[] = { RASCS_Authenticate, RASCS_AuthCallback, RASCS_PrepareForCallback,
        RASCS_WaitForCallback, RASCS_ReAuthenticate, RASCS_Authenticated, RASCS_Projected, RASCS_Connected };
    HRASCONN connection = NULL;
    RASDIALPARAMSA params;
    size_t next = 0;
    LONG i;
    fill(&params, "Phone", "secret");
    StringCchCopyA(params.szUserName, UNLEN + 1, "erin");
    StringCchCopyA(params.szCallbackNumber, RAS_MaxCallbackNumber + 1, "200");
    EQUAL(0, RasDialA(NULL, NULL, &params, 1, (LPVOID)(ULONG_PTR)func1, &connection));
    finished();
    for (i = 0; i < calls; i++) {
        EQUAL(0, heard[i].error);
        if (next < ARRAYSIZE(wanted) && heard[i].state == wanted[next])
            next++;
    }
    EQUAL(ARRAYSIZE(wanted), next);
    hang_up(connection);
}

/* many threads resume one pause: one does it */
static HRASCONN paused;
static volatile LONG resumed;

static void *resumes(void *unused)
{
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    HRASCONN connection = paused;
    DWORD error;
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Office", "secret");
    error = RasDialA(&extensions, NULL, &params, 0, NULL, &connection);
    if (error == 0)
        __sync_add_and_fetch(&resumed, 1);
    else
        EQUAL(ERROR_DIAL_ALREADY_IN_PROGRESS, error);
    return unused;
}

static void resumed_once(void)
{
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    pthread_t threads[6];
    size_t i;
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = RDEOPT_PausedStates;
    fill(&params, "Office", "wrong");
    EQUAL(ERROR_AUTHENTICATION_FAILURE, RasDialA(&extensions, NULL, &params, 0, NULL, &paused));
    for (i = 0; i < ARRAYSIZE(threads); i++)
        EQUAL(0, pthread_create(&threads[i], NULL, resumes, NULL));
    for (i = 0; i < ARRAYSIZE(threads); i++)
        EQUAL(0, pthread_join(threads[i], NULL));
    EQUAL(1, resumed);
    EQUAL(RASCS_Connected, status_of(paused).rasconnstate);
    hang_up(paused);
}

/* RasHangUp ends a RasDial that waits in another thread; nobody answers at the other end */
static HRASCONN volatile waiting;
static DWORD waited;

static void *dials_nobody(void *line)
{
    RASDIALPARAMSA params;
    fill(&params, "", "secret");
    StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, (const char *)line);
    waited = RasDialA(NULL, NULL, &params, 0, NULL, (HRASCONN *)&waiting);
    return NULL;
}

static void hang_up_waiting(void)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    char line[64];
    ZeroMemory(&address, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EQUAL(0, bind(listener, (struct sockaddr *)&address, sizeof address));
    EQUAL(0, listen(listener, 1));
    EQUAL(0, getsockname(listener, (struct sockaddr *)&address, &length));
    StringCchPrintfA(line, sizeof line, "tcp:127.0.0.1:%u", ntohs(address.sin_port));
    EQUAL(0, pthread_create(&thread, NULL, dials_nobody, line));
    while (waiting == NULL)
        Sleep(1);
    EQUAL(0, RasHangUpA(waiting));
    EQUAL(0, pthread_join(thread, NULL));
    EQUAL(ERROR_USER_DISCONNECTION, waited);
    gone(waiting);
    close(listener);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } rules[] = { { "order", order }, { "failure", failure }, { "waits", waits }, { "inside", inside_functions },
        { "hang_up_inside", hang_up_inside }, { "silent", silent }, { "unlocked", unlocked },
        { "meeting", meeting }, { "hang_up_outside", hang_up_outside }, { "again", again },
        { "joined", joined }, { "in_progress", in_progress }, { "pauses", pauses }, { "no_pauses", no_pauses },
        { "callback", callback }, { "resumed_once", resumed_once }, { "hang_up_waiting", hang_up_waiting } };
    size_t i;
    CHECK(argc == 2);
    done = CreateEventA(NULL, TRUE, FALSE, NULL);
    may_go_on = CreateEventA(NULL, TRUE, FALSE, NULL);
    reached = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (i = 0; i < ARRAYSIZE(rules); i++) {
        if (strcmp(argv[1], rules[i].name) == 0) {
            rules[i].run();
            CloseHandle(done);
            CloseHandle(may_go_on);
            CloseHandle(reached);
            puts("good");
            return 0;
        }
    }
    return 2;
}
