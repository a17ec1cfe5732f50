/* RasConnectionNotification. */
#include "dialling.h"

static BOOL is_set(HANDLE event)
{
    return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

static void comes(HANDLE event)
{
    EQUAL(WAIT_OBJECT_0, WaitForSingleObject(event, 30000));
}

static HANDLE listen_for(HRASCONN connection, DWORD flags)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(event != NULL);
    EQUAL(0, RasConnectionNotificationA(connection, event, flags));
    return event;
}

/* connections that end as soon as they are there are heard of all the same, by everybody who listens */
static void short_ones(HRASCONN every)
{
    HANDLE down[16];
    int i, n;
    for (n = 0; n < 16; n++)
        down[n] = listen_for(every, RASCN_Disconnection);
    for (i = 0; i < 4; i++) {
        HRASCONN connection = connected("Office");
        EQUAL(0, RasHangUpA(connection));
        for (n = 0; n < 16; n++)
            comes(down[n]);
        gone(connection);
    }
    for (n = 0; n < 16; n++)
        CloseHandle(down[n]);
}

static void long_ones(HRASCONN every)
{
    HRASCONN first, second;
    HANDLE up = listen_for(every, RASCN_Connection), down = listen_for(every, RASCN_Disconnection);
    HANDLE both = listen_for(every, RASCN_Connection | RASCN_Disconnection);
    /* links and tunnels: nothing of them comes and goes here */
    HANDLE links = listen_for(every, RASCN_BandwidthAdded | RASCN_BandwidthRemoved | 0x70);
    HANDLE one, late, closed;
    CHECK(!is_set(up) && !is_set(down));
    first = connected("Office");
    comes(up);
    comes(both);
    one = listen_for(first, RASCN_Disconnection);
    closed = listen_for(first, 0x7F);
    second = connected("Second");
    comes(up);
    comes(both);
    CHECK(!is_set(down));
    hang_up(second);
    comes(down);
    comes(both);
    CHECK(!is_set(one));
    CloseHandle(closed);
    EQUAL(0, RasHangUpA(first));
    comes(one);
    comes(down);
    comes(both);
    gone(first);
    CHECK(!is_set(up) && !is_set(one) && !is_set(links));
    /* a dial that fails never was a connection */
    {
        RASDIALPARAMSA params;
        HRASCONN none = NULL;
        fill(&params, "Office", "wrong");
        EQUAL(ERROR_AUTHENTICATION_FAILURE, RasDialA(NULL, NULL, &params, 0, NULL, &none));
        late = listen_for(none, RASCN_Disconnection);
        hang_up(none);
        CHECK(!is_set(up) && !is_set(down));
    }
    puts("listening");
    fflush(stdout);
    comes(up);
    puts("up");
    fflush(stdout);
    comes(down);
    puts("down");
    CloseHandle(up);
    CloseHandle(down);
    CloseHandle(both);
    CloseHandle(links);
    CloseHandle(one);
    CloseHandle(late);
}

int main(void)
{
    HRASCONN every = (HRASCONN)INVALID_HANDLE_VALUE;
    short_ones(every);
    long_ones(every);
    return 0;
}
