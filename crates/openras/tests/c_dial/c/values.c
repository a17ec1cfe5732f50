/* values ENTRY: what RasGetProjectionInfo and the statistics say, a line each; waits for a line before the hang-up. */
#include "dialling.h"

static void addresses(HRASCONN connection)
{
    static const DWORD narrow[] = { 40, 48 }, wide[] = { 72, 80 };
    union {
        RASPPPIPA ip;
        BYTE room[128];
    } a;
    union {
        RASPPPIPW ip;
        BYTE room[128];
    } w;
    RASPPPIPV6 six;
    DWORD bytes = 0;
    size_t i;
    EQUAL(ERROR_BUFFER_TOO_SMALL, RasGetProjectionInfoA(connection, RASP_PppIp, NULL, &bytes));
    EQUAL(48, bytes);
    for (i = 0; i < 2; i++) {
        memset(&a, 0xEE, sizeof a);
        a.ip.dwSize = narrow[i];
        bytes = narrow[i] - 1;
        EQUAL(ERROR_BUFFER_TOO_SMALL, RasGetProjectionInfoA(connection, RASP_PppIp, &a.ip, &bytes));
        EQUAL(narrow[i], bytes);
        bytes = sizeof a;
        EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppIp, &a.ip, &bytes));
        EQUAL(narrow[i], bytes);
        EQUAL(narrow[i], a.ip.dwSize);
        EQUAL(0, a.ip.dwError);
        CHECK(a.room[narrow[i]] == 0xEE && a.room[narrow[i] - 1] != 0xEE);
        memset(&w, 0xEE, sizeof w);
        w.ip.dwSize = wide[i];
        bytes = sizeof w;
        EQUAL(0, RasGetProjectionInfoW(connection, RASP_PppIp, &w.ip, &bytes));
        EQUAL(wide[i], bytes);
        CHECK(w.room[wide[i]] == 0xEE && w.ip.szIpAddress[0] == (WCHAR)a.ip.szIpAddress[0]);
    }
    a.ip.dwSize = 44;
    EQUAL(ERROR_INVALID_SIZE, RasGetProjectionInfoA(connection, RASP_PppIp, &a.ip, &bytes));
    printf("ip %s %s\n", a.ip.szIpAddress, a.ip.szServerIpAddress);
    six.dwSize = bytes = sizeof six;
    EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppIpv6, &six, &bytes));
    EQUAL(0, six.dwError);
    printf("ipv6 ");
    for (i = 0; i < 8; i++)
        printf("%02x", six.bLocalInterfaceIdentifier[i]);
    printf(" ");
    for (i = 0; i < 8; i++)
        printf("%02x", six.bPeerInterfaceIdentifier[i]);
    puts("");
}

static void others(HRASCONN connection)
{
    static const DWORD none[] = { 0x10000, 0x803F, 0x802B, 0x80FD, 0x20000 };
    RASPPPLCPA lcp;
    RASPPPCCP ccp;
    DWORD bytes = sizeof lcp;
    size_t i;
    ZeroMemory(&lcp, sizeof lcp);
    lcp.dwSize = sizeof lcp;
    EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppLcp, &lcp, &bytes));
    EQUAL(0, lcp.dwError);
    CHECK(!lcp.fBundled && !lcp.fMultilink);
    printf("lcp %x %x\n", lcp.dwAuthenticationProtocol, lcp.dwAuthenticationData);
    lcp.dwSize = bytes = 8;
    EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppLcp, &lcp, &bytes));
    for (i = 0; i < ARRAYSIZE(none); i++) {
        ccp.dwSize = bytes = sizeof ccp;
        EQUAL(731, RasGetProjectionInfoA(connection, (RASPROJECTION)none[i], &ccp, &bytes));
    }
    EQUAL(ERROR_INVALID_PARAMETER, RasGetProjectionInfoA(connection, (RASPROJECTION)0x1234, &ccp, &bytes));
    EQUAL(ERROR_INVALID_PARAMETER, RasGetProjectionInfoA(connection, RASP_PppIp, &ccp, NULL));
}

static void counters(HRASCONN connection)
{
    RAS_STATS stats, link;
    ZeroMemory(&stats, sizeof stats);
    EQUAL(0x80070057, RasGetConnectionStatistics(connection, NULL));
    stats.dwSize = 59;
    EQUAL(0x80070057, RasGetConnectionStatistics(connection, &stats));
    stats.dwSize = link.dwSize = sizeof stats;
    EQUAL(0, RasGetConnectionStatistics(connection, &stats));
    EQUAL(0, RasGetLinkStatistics(connection, 1, &link));
    EQUAL(stats.dwBytesXmited, link.dwBytesXmited);
    EQUAL(ERROR_NO_MORE_ITEMS, RasGetLinkStatistics(connection, 2, &link));
    EQUAL(ERROR_NO_MORE_ITEMS, RasClearLinkStatistics(connection, 0));
    EQUAL(100, stats.dwCompressionRatioIn);
    printf("stats %u %u %u %u\n", stats.dwBytesXmited, stats.dwBytesRcved, stats.dwFramesXmited, stats.dwFramesRcved);
}

int main(int argc, char **argv)
{
    HRASCONN connection;
    RAS_STATS stats;
    char line[8];
    CHECK(argc == 2);
    connection = connected(argv[1]);
    addresses(connection);
    others(connection);
    counters(connection);
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    EQUAL(0, RasClearConnectionStatistics(connection));
    stats.dwSize = sizeof stats;
    EQUAL(0, RasGetConnectionStatistics(connection, &stats));
    EQUAL(0, stats.dwBytesXmited);
    EQUAL(0, stats.dwFramesRcved);
    EQUAL(0, RasClearLinkStatistics(connection, 1));
    hang_up(connection);
    return 0;
}
