/* modem ENTRY [NUMBER]: dials ENTRY, which has a modem, as a program does that knows nothing of lines: connects, looks, hangs up,
 * dials again, a number nobody has, and one more time. With a NUMBER it dials that, which rings and is not answered, hangs up
 * when a line of standard input tells it to, and then dials the entry as it is. */
#include "dialling.h"

/* The link has addresses. */
static void has_ip(HRASCONN connection)
{
    RASPPPIPA ip;
    DWORD bytes = sizeof ip;
    ZeroMemory(&ip, sizeof ip);
    ip.dwSize = sizeof ip;
    EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppIp, &ip, &bytes));
    EQUAL(0, ip.dwError);
    CHECK(strcmp(ip.szServerIpAddress, "10.67.0.1") == 0);
    CHECK(strncmp(ip.szIpAddress, "10.67.0.", 8) == 0);
}

/* The number was told to the modem, and the device is one of the class of modems. */
static void is_a_modem(HRASCONN connection, const char *entry)
{
    RASCONNSTATUSA status = status_of(connection);
    RASCONNA one;
    DWORD bytes = sizeof one, count = 0;
    EQUAL(RASCS_Connected, status.rasconnstate);
    EQUAL(0, status.dwError);
    CHECK(strcmp(status.szDeviceType, RASDT_Modem) == 0);
    CHECK(status.szDeviceName[0] != '\0');
    CHECK(strcmp(status.szPhoneNumber, "200") == 0);
    ZeroMemory(&one, sizeof one);
    one.dwSize = sizeof one;
    EQUAL(0, RasEnumConnectionsA(&one, &bytes, &count));
    EQUAL(1, count);
    CHECK(one.hrasconn == connection && strcmp(one.szEntryName, entry) == 0);
    CHECK(strcmp(one.szDeviceName, status.szDeviceName) == 0);
    printf("%s\n", status.szDeviceName);
}

static void WINAPI hears(UINT message, RASCONNSTATE state, DWORD error)
{
    (void)message;
    (void)state;
    (void)error;
}

static void gives_up(const char *entry, const char *number)
{
    HRASCONN connection = NULL;
    RASDIALPARAMSA params;
    char line[16];
    fill(&params, entry, "secret");
    StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, number);
    EQUAL(0, RasDialA(NULL, NULL, &params, 0, (LPVOID)(ULONG_PTR)hears, &connection));
    puts("it dials");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    EQUAL(RASCS_ConnectDevice, status_of(connection).rasconnstate);
    hang_up(connection);
    puts("it has hung up");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    connection = connected(entry);
    is_a_modem(connection, entry);
    hang_up(connection);
}

int main(int argc, char **argv)
{
    HRASCONN connection;
    RASDIALPARAMSA params;
    int round;
    if (argc == 3) {
        gives_up(argv[1], argv[2]);
        return 0;
    }
    CHECK(argc == 2);
    for (round = 0; round < 2; round++) {
        connection = connected(argv[1]);
        is_a_modem(connection, argv[1]);
        has_ip(connection);
        hang_up(connection);
    }
    /* the number of the call instead of the entry's: nobody has it */
    fill(&params, argv[1], "secret");
    StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, "999");
    connection = NULL;
    EQUAL(ERROR_NO_CARRIER, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    if (connection != NULL)
        hang_up(connection);
    /* the modem is at rest again */
    connection = connected(argv[1]);
    is_a_modem(connection, argv[1]);
    hang_up(connection);
    return 0;
}
