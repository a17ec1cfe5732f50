/* hostile SEED CALLS: random calls from four threads, with random structures, sizes and handles; one connection is there and must
 * survive what is not a hang-up. Everything must come back with a number. */
#include <pthread.h>

#include "dialling.h"

static HRASCONN real;
static long each;

static DWORD next(DWORD *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* More than any structure; the first member is a size that is known, now and then another one. */
static void garbage(BYTE *room, size_t length, DWORD *state)
{
    static const DWORD sizes[] = { 0, 4, 8, 24, 28, 40, 44, 48, 60, 72, 80, 160, 288, 304, 332, 416, 564, 608, 680, 696, 708,
        724, 820, 1052, 1064, 1068, 1076, 1080, 1344, 1360, 1372, 1388, 2096, 2104, 2108, 2112, 2120, 0xFFFFFFFF };
    DWORD size;
    size_t i;
    for (i = 0; i < length; i++)
        room[i] = (BYTE)next(state);
    size = next(state) % 8 == 0 ? next(state) : sizes[next(state) % ARRAYSIZE(sizes)];
    memcpy(room, &size, sizeof size);
}

static HRASCONN some(DWORD *state)
{
    switch (next(state) % 4) {
    case 0:
        return NULL;
    case 1:
        return (HRASCONN)(ULONG_PTR)next(state);
    case 2:
        return (HRASCONN)(((ULONG_PTR)next(state) << 32) | next(state));
    default:
        return real;
    }
}

static VOID WINAPI told(UINT message, RASCONNSTATE state, DWORD error)
{
    (void)message;
    (void)state;
    (void)error;
}

static void one(DWORD *state, HANDLE event)
{
    union {
        BYTE room[4096];
        RASDIALPARAMSA params;
        RASDIALPARAMSW wide;
        RASCONNSTATUSA status;
        RASCONNSTATUSW wide_status;
        RASCONNA list;
        RASCONNW wide_list;
        RAS_STATS stats;
    } one, two;
    HRASCONN handle = some(state), link;
    DWORD bytes = next(state) % (sizeof one + 1), count;
    garbage(one.room, sizeof one, state);
    garbage(two.room, sizeof two, state);
    switch (next(state) % 12) {
    case 0:
    case 1:
        /* a name of garbage is in no phone book; what would be resumed is not paused */
        one.room[4] |= 1;
        count = RasDialA((RASDIALEXTENSIONS *)(void *)two.room, NULL, &one.params, next(state) % 5,
            next(state) % 2 ? (LPVOID)(ULONG_PTR)told : NULL, &handle);
        CHECK(count != 0);
        break;
    case 2:
        one.room[4] |= 1;
        CHECK(RasDialW(NULL, NULL, &one.wide, 0, NULL, &handle) != 0);
        break;
    case 3:
        RasGetConnectStatusA(handle, &one.status);
        break;
    case 4:
        RasGetConnectStatusW(handle, &one.wide_status);
        break;
    case 5:
        RasEnumConnectionsA(&one.list, &bytes, &count);
        break;
    case 6:
        RasEnumConnectionsW(&one.wide_list, &bytes, &count);
        break;
    case 7:
        RasGetProjectionInfoA(handle, (RASPROJECTION)(next(state) % 2 ? RASP_PppIp : RASP_PppLcp), one.room, &bytes);
        break;
    case 8:
        RasGetProjectionInfoW(handle, (RASPROJECTION)next(state), one.room, &bytes);
        break;
    case 9:
        RasGetLinkStatistics(handle, next(state) % 3, &one.stats);
        break;
    case 10:
        RasGetSubEntryHandleA(handle, next(state) % 3, &link);
        break;
    default:
        if (handle != real)
            CHECK(RasHangUpA(handle) != 0);
        else if (next(state) % 16 == 0)
            RasConnectionNotificationA(handle, event, next(state) % 0x100);
        break;
    }
}

static void *worker(void *seed)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    DWORD state = (DWORD)(ULONG_PTR)seed;
    long left;
    for (left = each; left > 0; left--)
        one(&state, event);
    CloseHandle(event);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[4];
    size_t i;
    CHECK(argc == 3);
    each = atol(argv[2]);
    real = connected("Office");
    for (i = 0; i < ARRAYSIZE(threads); i++)
        EQUAL(0, pthread_create(&threads[i], NULL, worker, (void *)(ULONG_PTR)(strtoul(argv[1], NULL, 10) * 4 + i + 1)));
    for (i = 0; i < ARRAYSIZE(threads); i++)
        EQUAL(0, pthread_join(threads[i], NULL));
    EQUAL(RASCS_Connected, status_of(real).rasconnstate);
    hang_up(real);
    return 0;
}
