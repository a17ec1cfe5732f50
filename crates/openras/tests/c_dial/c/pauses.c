/* Entries that are connected, dialled or paused, and dials that end otherwise. The argument names a part. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heard.h"

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
    static const struct part parts[] = { { "joined", joined }, { "in_progress", in_progress },
        { "pauses", pauses }, { "no_pauses", no_pauses }, { "callback", callback },
        { "resumed_once", resumed_once }, { "hang_up_waiting", hang_up_waiting } };
    CHECK(argc == 2);
    return plays(parts, ARRAYSIZE(parts), argv[1]);
}
