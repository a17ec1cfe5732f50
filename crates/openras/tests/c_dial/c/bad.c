/* Everything a program can do wrong. The argument is an entry's LINE. */
#include "dialling.h"

static void no_call(UINT message, RASCONNSTATE state, DWORD error)
{
    (void)message;
    (void)state;
    (void)error;
    CHECK(0);
}

static BOOL reason_says(const char *word)
{
    char text[1024];
    DWORD bytes = sizeof text;
    EQUAL(0, OpenrasReason(NULL, text, &bytes));
    return strstr(text, word) != NULL;
}

static void arguments(void)
{
    static const DWORD types[] = { 3, 4, 0x7FFFFFFF, 0xFFFFFFFE };
    RASDIALPARAMSA params;
    RASDIALEXTENSIONS extensions;
    HRASCONN connection = NULL;
    LPVOID handler = (LPVOID)(ULONG_PTR)no_call;
    size_t i;
    fill(&params, "Office", "secret");
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, NULL, 0, NULL, &connection));
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 0, NULL, NULL));
    for (i = 0; i < ARRAYSIZE(types); i++)
        EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, types[i], handler, &connection));
    /* a window */
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 0xFFFFFFFF, handler, &connection));
    CHECK(reason_says("window") && reason_says("RASDIALFUNC"));
    CHECK(connection == NULL);
    /* dwNotifierType is ignored without a notifier */
    EQUAL(0, RasDialA(NULL, NULL, &params, 0xFFFFFFFF, NULL, &connection));
    hang_up(connection);
    connection = NULL;
    ZeroMemory(&extensions, sizeof extensions);
    for (i = 0; i < 200; i++) {
        params.dwSize = (DWORD)i;
        EQUAL(ERROR_INVALID_SIZE, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    }
    params.dwSize = 0xFFFFFFFF;
    EQUAL(ERROR_INVALID_SIZE, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    params.dwSize = sizeof params;
    for (i = 0; i < 24; i++) {
        extensions.dwSize = (DWORD)i;
        EQUAL(ERROR_INVALID_SIZE, RasDialA(&extensions, NULL, &params, 0, NULL, &connection));
    }
    CHECK(connection == NULL);
}

/* every dwSize there ever was */
static void sizes(void)
{
    static const DWORD known[] = { 1052, 1064, 1068, 1076 }, options[] = { 24, 44, 48, 60 }, stati[] = { 160, 288, 332 };
    union {
        RASDIALPARAMSA params;
        BYTE room[1076];
    } all;
    union {
        RASCONNSTATUSA status;
        BYTE room[400];
    } told;
    union {
        RASDIALEXTENSIONS extensions;
        BYTE room[60];
    } more;
    size_t i, j;
    for (i = 0; i < ARRAYSIZE(known); i++) {
        HRASCONN connection = NULL;
        memset(&all, 0xEE, sizeof all);
        fill(&all.params, "Office", "secret");
        memset(all.room + 1052, 0xEE, sizeof all - 1052);
        all.params.dwSize = known[i];
        memset(&more, 0, sizeof more);
        more.extensions.dwSize = options[i];
        EQUAL(0, RasDialA(&more.extensions, NULL, &all.params, 0, NULL, &connection));
        for (j = 0; j < ARRAYSIZE(stati); j++) {
            memset(&told, 0xEE, sizeof told);
            told.status.dwSize = stati[j];
            EQUAL(0, RasGetConnectStatusA(connection, &told.status));
            EQUAL(stati[j], told.status.dwSize);
            EQUAL(RASCS_Connected, told.status.rasconnstate);
            CHECK(told.room[stati[j]] == 0xEE && told.room[stati[j] - 1] != 0xEE);
        }
        told.status.dwSize = 161;
        EQUAL(ERROR_INVALID_SIZE, RasGetConnectStatusA(connection, &told.status));
        EQUAL(ERROR_INVALID_PARAMETER, RasGetConnectStatusA(connection, NULL));
        hang_up(connection);
    }
}

/* the same in UTF-16 */
static void wide(void)
{
    static const WCHAR entry[] = { 'B', 0xFC, 'r', 'o', 0 }, user[] = { 'a', 'l', 'i', 'c', 'e', 0 };
    static const WCHAR password[] = { 's', 'e', 'c', 'r', 'e', 't', 0 };
    static const DWORD known[] = { 2096, 2108, 2112, 2120 }, stati[] = { 304, 564, 608 };
    static const DWORD strides[] = { 820, 1344, 1360, 1372, 1388 };
    union {
        RASDIALPARAMSW params;
        BYTE room[2120];
    } all;
    union {
        RASCONNSTATUSW status;
        BYTE room[700];
    } told;
    union {
        RASCONNW list[2];
        BYTE room[4096];
    } conns;
    DWORD bytes, count;
    size_t i, j;
    for (i = 0; i < ARRAYSIZE(known); i++) {
        HRASCONN connection = NULL;
        memset(&all, 0, sizeof all);
        memset(all.room + 2096, 0xEE, sizeof all - 2096);
        all.params.dwSize = known[i];
        memcpy(all.params.szEntryName, entry, sizeof entry);
        memcpy(all.params.szUserName, user, sizeof user);
        memcpy(all.params.szPassword, password, sizeof password);
        EQUAL(0, RasDialW(NULL, NULL, &all.params, 0, NULL, &connection));
        for (j = 0; j < ARRAYSIZE(stati); j++) {
            memset(&told, 0xEE, sizeof told);
            told.status.dwSize = stati[j];
            EQUAL(0, RasGetConnectStatusW(connection, &told.status));
            EQUAL(RASCS_Connected, told.status.rasconnstate);
            CHECK(told.status.szDeviceType[0] == 'm' && told.status.szDeviceType[5] == 0);
            CHECK(told.room[stati[j]] == 0xEE && told.room[stati[j] - 1] != 0xEE);
        }
        for (j = 0; j < ARRAYSIZE(strides); j++) {
            memset(&conns, 0xEE, sizeof conns);
            conns.list[0].dwSize = strides[j];
            bytes = sizeof conns;
            EQUAL(0, RasEnumConnectionsW(conns.list, &bytes, &count));
            EQUAL(1, count);
            EQUAL(strides[j], bytes);
            CHECK(conns.list[0].hrasconn == connection);
            CHECK(memcmp(conns.list[0].szEntryName, entry, sizeof entry) == 0);
            CHECK(conns.room[strides[j]] == 0xEE && conns.room[strides[j] - 1] != 0xEE);
        }
        EQUAL(0, RasHangUpW(connection));
        gone(connection);
    }
}

static void texts(void)
{
    RASDIALPARAMSA params;
    RASDIALPARAMSW wide;
    HRASCONN connection = NULL;
    char path[70000];
    /* no NUL anywhere */
    memset(&params, 'x', sizeof params);
    params.dwSize = sizeof params;
    EQUAL(ERROR_CANNOT_FIND_PHONEBOOK_ENTRY, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    /* not UTF-8, not UTF-16 */
    fill(&params, "Off\xFF\xC3", "secret");
    EQUAL(ERROR_CANNOT_FIND_PHONEBOOK_ENTRY, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    memset(&wide, 0xD8, sizeof wide);
    wide.dwSize = sizeof wide;
    EQUAL(ERROR_CANNOT_FIND_PHONEBOOK_ENTRY, RasDialW(NULL, NULL, &wide, 0, NULL, &connection));
    fill(&params, "Office", "s\xFF\xFE");
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    CHECK(reason_says("UTF-8") && connection == NULL);
    /* a path without end, one that does not exist, one that is no phone book */
    fill(&params, "Office", "secret");
    memset(path, 'a', sizeof path);
    path[sizeof path - 1] = '\0';
    CHECK(RasDialA(NULL, path, &params, 0, NULL, &connection) != 0);
    EQUAL(ERROR_CANNOT_OPEN_PHONEBOOK, RasDialA(NULL, "/nonexistent/a.pbk", &params, 0, NULL, &connection));
    CHECK(reason_says("/nonexistent/a.pbk"));
    CHECK(RasDialA(NULL, "/dev/null", &params, 0, NULL, &connection) != 0);
    /* neither entry nor number */
    fill(&params, "", "secret");
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    CHECK(connection == NULL);
}

static void numbers(const char *line)
{
    RASDIALPARAMSA params;
    HRASCONN connection = NULL;
    RASCONNA list[2];
    DWORD bytes = sizeof list, count = 0;
    /* a LINE without an entry */
    fill(&params, "", "secret");
    StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, line);
    EQUAL(0, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    list[0].dwSize = sizeof list[0];
    EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
    EQUAL(1, count);
    CHECK(list[0].hrasconn == connection && list[0].szEntryName[0] == '.');
    CHECK(strcmp(list[0].szEntryName + 1, line) == 0);
    hang_up(connection);
    /* the number that is given counts, not the entry's */
    connection = NULL;
    fill(&params, "Nobody", "secret");
    StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, line);
    EQUAL(0, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    hang_up(connection);
    connection = NULL;
    StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, "998");
    EQUAL(ERROR_NO_CARRIER, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    hang_up(connection);
    /* a callback where nothing can ring */
    connection = NULL;
    fill(&params, "Office", "secret");
    StringCchCopyA(params.szCallbackNumber, RAS_MaxCallbackNumber + 1, "200");
    EQUAL(ERROR_BAD_CALLBACK_NUMBER, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    CHECK(connection == NULL);
}

static void handles(void)
{
    HRASCONN other = NULL, link, connection = connected("Office"), stale = connected("Second");
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    HRASCONN wrong[6];
    RASCONNSTATUSA status;
    RASDIALPARAMSA params;
    RAS_STATS stats;
    RASPPPIPA ip;
    char text[64];
    DWORD bytes;
    size_t i;
    hang_up(stale);
    wrong[0] = NULL;
    wrong[1] = stale;
    wrong[2] = (HRASCONN)event;
    wrong[3] = (HRASCONN)(ULONG_PTR)&params;
    wrong[4] = (HRASCONN)((ULONG_PTR)connection + 4);
    wrong[5] = (HRASCONN)INVALID_HANDLE_VALUE;
    ZeroMemory(&status, sizeof status);
    status.dwSize = sizeof status;
    stats.dwSize = sizeof stats;
    ip.dwSize = sizeof ip;
    for (i = 0; i < ARRAYSIZE(wrong); i++) {
        EQUAL(ERROR_INVALID_HANDLE, RasGetConnectStatusA(wrong[i], &status));
        EQUAL(ERROR_INVALID_HANDLE, RasHangUpA(wrong[i]));
        EQUAL(ERROR_INVALID_HANDLE, RasHangUpW(wrong[i]));
        EQUAL(ERROR_INVALID_HANDLE, RasGetSubEntryHandleA(wrong[i], 1, &link));
        EQUAL(ERROR_INVALID_HANDLE, RasGetConnectionStatistics(wrong[i], &stats));
        EQUAL(ERROR_INVALID_HANDLE, RasClearConnectionStatistics(wrong[i]));
        EQUAL(ERROR_INVALID_HANDLE, RasGetLinkStatistics(wrong[i], 1, &stats));
        EQUAL(ERROR_INVALID_HANDLE, RasClearLinkStatistics(wrong[i], 1));
        bytes = sizeof ip;
        EQUAL(ERROR_INVALID_HANDLE, RasGetProjectionInfoA(wrong[i], RASP_PppIp, &ip, &bytes));
        bytes = sizeof text;
        if (wrong[i] != NULL)
            EQUAL(ERROR_INVALID_HANDLE, OpenrasReason(wrong[i], text, &bytes));
        if (wrong[i] != (HRASCONN)INVALID_HANDLE_VALUE)
            EQUAL(ERROR_INVALID_HANDLE, RasConnectionNotificationA(wrong[i], event, RASCN_Disconnection));
        /* a resume of what there is not */
        if (wrong[i] != NULL) {
            other = wrong[i];
            fill(&params, "Office", "secret");
            EQUAL(ERROR_INVALID_HANDLE, RasDialA(NULL, NULL, &params, 0, NULL, &other));
            CHECK(other == wrong[i]);
        }
    }
    /* a resume of what is not paused */
    other = connection;
    EQUAL(ERROR_DIAL_ALREADY_IN_PROGRESS, RasDialA(NULL, NULL, &params, 0, NULL, &other));
    /* of another notifier */
    EQUAL(ERROR_INVALID_PARAMETER, RasDialA(NULL, NULL, &params, 0, (LPVOID)(ULONG_PTR)no_call, &other));
    EQUAL(ERROR_INVALID_HANDLE, RasConnectionNotificationA(connection, NULL, RASCN_Disconnection));
    EQUAL(ERROR_INVALID_PARAMETER, RasConnectionNotificationA(connection, event, 0));
    EQUAL(ERROR_INVALID_PARAMETER, RasConnectionNotificationA(connection, event, 0x80));
    EQUAL(ERROR_INVALID_PARAMETER, RasGetSubEntryHandleA(connection, 1, NULL));
    EQUAL(ERROR_NO_MORE_ITEMS, RasGetSubEntryHandleA(connection, 0, &link));
    EQUAL(ERROR_NO_MORE_ITEMS, RasGetSubEntryHandleA(connection, 2, &link));
    EQUAL(0, RasGetSubEntryHandleW(connection, 1, &link));
    CHECK(link == connection);
    CloseHandle(event);
    EQUAL(ERROR_INVALID_HANDLE, RasConnectionNotificationA(connection, event, RASCN_Disconnection));
    hang_up(connection);
}

static void lists(void)
{
    HRASCONN connection = connected("Office");
    union {
        RASCONNA list[3];
        BYTE room[4096];
    } all;
    static const DWORD known[] = { 416, 680, 696, 708, 724 };
    DWORD bytes = 0, count = 77;
    size_t i;
    EQUAL(ERROR_BUFFER_TOO_SMALL, RasEnumConnectionsA(NULL, &bytes, &count));
    EQUAL(724, bytes);
    EQUAL(ERROR_BUFFER_TOO_SMALL, RasEnumConnectionsA(NULL, &bytes, &count));
    EQUAL(1, count);
    EQUAL(ERROR_INVALID_PARAMETER, RasEnumConnectionsA(NULL, NULL, &count));
    EQUAL(ERROR_INVALID_PARAMETER, RasEnumConnectionsA(NULL, &bytes, NULL));
    for (i = 0; i < ARRAYSIZE(known); i++) {
        memset(&all, 0xEE, sizeof all);
        all.list[0].dwSize = known[i];
        bytes = known[i] - 1;
        EQUAL(ERROR_BUFFER_TOO_SMALL, RasEnumConnectionsA(all.list, &bytes, &count));
        EQUAL(known[i], bytes);
        bytes = sizeof all;
        EQUAL(0, RasEnumConnectionsA(all.list, &bytes, &count));
        EQUAL(known[i], bytes);
        EQUAL(1, count);
        CHECK(all.list[0].hrasconn == connection && strcmp(all.list[0].szEntryName, "Office") == 0);
        CHECK(all.room[known[i]] == 0xEE && all.room[known[i] - 1] != 0xEE);
        all.list[0].dwSize = known[i] + 1;
        bytes = sizeof all;
        EQUAL(ERROR_INVALID_SIZE, RasEnumConnectionsA(all.list, &bytes, &count));
    }
    hang_up(connection);
    bytes = 0;
    count = 77;
    EQUAL(0, RasEnumConnectionsW(NULL, &bytes, &count));
    EQUAL(0, count);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    if (strcmp(argv[1], "arguments") == 0)
        arguments();
    else if (strcmp(argv[1], "sizes") == 0)
        sizes();
    else if (strcmp(argv[1], "wide") == 0)
        wide();
    else if (strcmp(argv[1], "texts") == 0)
        texts();
    else if (strcmp(argv[1], "numbers") == 0)
        numbers(argv[2]);
    else if (strcmp(argv[1], "handles") == 0)
        handles();
    else if (strcmp(argv[1], "lists") == 0)
        lists();
    else
        return 2;
    puts("good");
    return 0;
}
