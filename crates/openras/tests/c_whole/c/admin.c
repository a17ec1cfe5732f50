/* RasAdmin: what an administrator's program does with the server on its machine. */
#include "../../c_dial/c/dialling.h"
#include <rassapi.h>

/* Text of WCHAR from C's, whatever wchar_t is. */
static WCHAR *wide(const char *text)
{
    static WCHAR texts[4][64];
    static unsigned next;
    WCHAR *to = texts[next++ % 4];
    int n = 0;
    while ((to[n] = (WCHAR)(unsigned char)text[n]) != 0)
        n++;
    return to;
}

static int same(const WCHAR *text, const char *other)
{
    return lstrcmpW(text, wide(other)) == 0;
}

/* The one port with a caller. */
static int busy_port(RAS_PORT_0 *found)
{
    RAS_PORT_0 *ports = NULL;
    WORD count = 0, n;
    int busy = 0;
    EQUAL(0, RasAdminPortEnum(NULL, &ports, &count));
    CHECK(ports != NULL && count > 0);
    for (n = 0; n < count; n++) {
        CHECK(ports[n].wszPortName[0] != 0 && same(ports[n].wszMediaName, "SERIAL") && ports[n].fAdvancedServer);
        if (ports[n].Flags & USER_AUTHENTICATED) {
            *found = ports[n];
            busy++;
        } else {
            CHECK(ports[n].wszUserName[0] == 0);
        }
    }
    EQUAL(0, RasAdminFreeBuffer(ports));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminFreeBuffer(ports));
    return busy;
}

static void ports(void)
{
    HRASCONN connection;
    RAS_SERVER_0 before, now;
    RAS_PORT_0 busy;
    RAS_PORT_1 port;
    RAS_PORT_STATISTICS statistics, cleared;
    RAS_PARAMETERS *parameters = NULL;
    RASPPPIPW ip;
    DWORD bytes = sizeof ip;
    EQUAL(0, RasAdminServerGetInfo(NULL, &before));
    EQUAL(RASADMIN_CURRENT, before.RasVersion);
    EQUAL(72, before.TotalPorts);
    CHECK(busy_port(&busy) == 0);
    connection = connected("Office");
    EQUAL(0, RasAdminServerGetInfo(wide("\\\\localhost"), &now));
    EQUAL(1, now.PortsInUse);
    CHECK(busy_port(&busy) == 1);
    CHECK(same(busy.wszPortName, "plain/1") && same(busy.wszDeviceType, "null") && same(busy.wszUserName, "alice"));
    CHECK((busy.Flags & PPP_CLIENT) && busy.dwStartSessionTime > 1000000000 && busy.wszLogonDomain[0] == 0);
    EQUAL(0, RasAdminPortGetInfo(NULL, busy.wszPortName, &port, &statistics, &parameters));
    EQUAL(RAS_PORT_AUTHENTICATED, port.LineCondition);
    EQUAL(RAS_MODEM_OPERATIONAL, port.HardwareCondition);
    CHECK(!lstrcmpW(port.rasport0.wszPortName, busy.wszPortName) && port.rasport0.Flags == busy.Flags);
    CHECK(!lstrcmpW(port.rasport0.wszUserName, busy.wszUserName));
    EQUAL(busy.dwStartSessionTime, port.rasport0.dwStartSessionTime);
    ip.dwSize = sizeof ip;
    EQUAL(0, RasGetProjectionInfoW(connection, RASP_PppIp, &ip, &bytes));
    EQUAL(0, port.ProjResult.ip.dwError);
    CHECK(!lstrcmpW(port.ProjResult.ip.wszAddress, ip.szIpAddress));
    CHECK(port.ProjResult.nbf.dwError && port.ProjResult.ipx.dwError && port.ProjResult.at.dwError);
    CHECK(statistics.dwBytesRcved > 100 && statistics.dwFramesXmited >= 5);
    EQUAL(statistics.dwBytesRcved, statistics.dwPortBytesRcved);
    EQUAL(28, port.NumStatistics);
    EQUAL(2, port.NumMediaParms);
    CHECK(!strcmp(parameters[0].P_Key, "CALL") && parameters[0].P_Type == ParamNumber);
    CHECK(parameters[0].P_Value.Number > 0);
    CHECK(!strcmp(parameters[1].P_Key, "SOURCE") && parameters[1].P_Type == ParamString);
    CHECK(strlen(parameters[1].P_Value.String.Data) == parameters[1].P_Value.String.Length);
    CHECK(!strncmp(parameters[1].P_Value.String.Data, "127.0.0.1", 9));
    CHECK(port.SizeMediaParms == 2 * sizeof *parameters + parameters[1].P_Value.String.Length + 1);
    EQUAL(0, RasAdminFreeBuffer(parameters));
    EQUAL(0, RasAdminPortClearStatistics(NULL, busy.wszPortName));
    EQUAL(0, RasAdminPortGetInfo(NULL, busy.wszPortName, &port, &cleared, &parameters));
    CHECK(cleared.dwBytesRcved < statistics.dwBytesRcved && cleared.dwFramesXmited < statistics.dwFramesXmited);
    EQUAL(0, RasAdminFreeBuffer(parameters));
    /* the caller is thrown out, and the port is free again */
    EQUAL(0, RasAdminPortDisconnect(NULL, busy.wszPortName));
    reaches(connection, RASCS_Disconnected);
    hang_up(connection);
    while (busy_port(&busy))
        Sleep(5);
    EQUAL(NERR_UserNotFound, RasAdminPortDisconnect(NULL, wide("plain/1")));
    EQUAL(0, RasAdminPortGetInfo(NULL, wide("plain/1"), &port, &statistics, &parameters));
    EQUAL(0, statistics.dwBytesRcved);
    CHECK(parameters == NULL && port.NumMediaParms == 0 && port.SizeMediaParms == 0);
    EQUAL(RAS_PORT_LISTENING, port.LineCondition);
}

static void users(void)
{
    RAS_USER_0 user;
    HRASCONN connection = NULL;
    RASDIALPARAMSA params;
    EQUAL(0, RasAdminUserGetInfo(NULL, wide("erin"), &user));
    EQUAL(RASPRIV_CallerSetCallback | RASPRIV_DialinPrivilege, user.bfPrivilege);
    memset(&user, 0, sizeof user);
    user.bfPrivilege = RASPRIV_NoCallback;
    EQUAL(0, RasAdminUserSetInfo(NULL, wide("ALICE"), &user));
    EQUAL(0, RasAdminUserGetInfo(NULL, wide("alice"), &user));
    EQUAL(RASPRIV_NoCallback, user.bfPrivilege);
    /* who may not dial in cannot */
    fill(&params, "Office", "secret");
    EQUAL(ERROR_NO_DIALIN_PERMISSION, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
    hang_up(connection);
    user.bfPrivilege = RASPRIV_NoCallback | RASPRIV_DialinPrivilege;
    EQUAL(0, RasAdminUserSetInfo(NULL, wide("alice"), &user));
    hang_up(connected("Office"));
    user.bfPrivilege = RASPRIV_AdminSetCallback | RASPRIV_DialinPrivilege;
    EQUAL(ERROR_INVALID_CALLBACK_NUMBER, RasAdminUserSetInfo(NULL, wide("dave"), &user));
    lstrcpyW(user.szPhoneNumber, wide("+49 (711) 555-1212"));
    EQUAL(0, RasAdminUserSetInfo(NULL, wide("dave"), &user));
    memset(&user, 0x5A, sizeof user);
    EQUAL(0, RasAdminUserGetInfo(NULL, wide("dave"), &user));
    EQUAL(RASPRIV_AdminSetCallback | RASPRIV_DialinPrivilege, user.bfPrivilege);
    CHECK(same(user.szPhoneNumber, "+497115551212"));
    EQUAL(NERR_UserNotFound, RasAdminUserGetInfo(NULL, wide("mallory"), &user));
    EQUAL(NERR_UserNotFound, RasAdminUserSetInfo(NULL, wide("mallory"), &user));
}

static void arguments(void)
{
    RAS_SERVER_0 server;
    RAS_USER_0 user;
    RAS_PORT_0 *ports = NULL;
    RAS_PORT_1 port;
    RAS_PORT_STATISTICS statistics;
    RAS_PARAMETERS *parameters = (RAS_PARAMETERS *)&port;
    WCHAR name[UNCLEN + 1], text[512], small[4];
    WORD count = 7;
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminServerGetInfo(NULL, NULL));
    EQUAL(ERROR_BAD_NETPATH, RasAdminServerGetInfo(wide("\\\\elsewhere"), &server));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortEnum(NULL, NULL, &count));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortEnum(NULL, &ports, NULL));
    EQUAL(ERROR_BAD_NETPATH, RasAdminPortEnum(wide("elsewhere"), &ports, &count));
    CHECK(ports == NULL && count == 0);
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortGetInfo(NULL, wide("plain/1"), NULL, &statistics, &parameters));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortGetInfo(NULL, wide("plain/1"), &port, NULL, &parameters));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortGetInfo(NULL, wide("plain/1"), &port, &statistics, NULL));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortGetInfo(NULL, NULL, &port, &statistics, &parameters));
    EQUAL(ERROR_DEV_NOT_EXIST, RasAdminPortGetInfo(NULL, wide("plain/99"), &port, &statistics, &parameters));
    CHECK(parameters == NULL);
    EQUAL(ERROR_DEV_NOT_EXIST, RasAdminPortClearStatistics(NULL, wide("../x?y#z%")));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortClearStatistics(NULL, NULL));
    EQUAL(ERROR_INVALID_PORT_HANDLE, RasAdminPortDisconnect(NULL, wide("nothing")));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminPortDisconnect(NULL, wide("")));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminUserGetInfo(NULL, NULL, &user));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminUserGetInfo(NULL, wide("alice"), NULL));
    EQUAL(ERROR_BAD_NETPATH, RasAdminUserGetInfo(wide("\\\\elsewhere"), wide("alice"), &user));
    /* no NUL in the array, no callback bit, two of them, and bits nobody knows */
    memset(&user, 0x31, sizeof user);
    user.bfPrivilege = RASPRIV_AdminSetCallback;
    EQUAL(ERROR_INVALID_CALLBACK_NUMBER, RasAdminUserSetInfo(NULL, wide("alice"), &user));
    user.bfPrivilege = RASPRIV_DialinPrivilege;
    EQUAL(ERROR_INVALID_DATA, RasAdminUserSetInfo(NULL, wide("alice"), &user));
    user.bfPrivilege = RASPRIV_NoCallback | RASPRIV_CallerSetCallback;
    EQUAL(ERROR_INVALID_DATA, RasAdminUserSetInfo(NULL, wide("alice"), &user));
    user.bfPrivilege = RASPRIV_NoCallback | 0x10;
    EQUAL(ERROR_INVALID_DATA, RasAdminUserSetInfo(NULL, wide("alice"), &user));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminGetUserAccountServer(NULL, NULL, name));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminGetUserAccountServer(wide("DOMAIN"), NULL, NULL));
    EQUAL(0, RasAdminGetUserAccountServer(wide("DOMAIN"), NULL, name));
    CHECK(name[0] == '\\' && name[1] == '\\' && name[2] != 0 && lstrlenW(name) <= UNCLEN);
    EQUAL(0, RasAdminServerGetInfo(name, &server));
    EQUAL(0, RasAdminGetErrorString(ERROR_AUTHENTICATION_FAILURE, text, 512));
    CHECK(lstrlenW(text) > 10);
    EQUAL(ERROR_INSUFFICIENT_BUFFER, RasAdminGetErrorString(ERROR_AUTHENTICATION_FAILURE, small, 4));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminGetErrorString(2, text, 512));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminFreeBuffer(NULL));
    EQUAL(ERROR_INVALID_PARAMETER, RasAdminFreeBuffer(text));
}

static void nobody(void)
{
    RAS_SERVER_0 server;
    RAS_USER_0 user;
    RAS_PORT_0 *ports;
    WORD count;
    EQUAL(ERROR_RASMAN_CANNOT_INITIALIZE, RasAdminServerGetInfo(NULL, &server));
    EQUAL(ERROR_RASMAN_CANNOT_INITIALIZE, RasAdminPortEnum(NULL, &ports, &count));
    EQUAL(ERROR_RASMAN_CANNOT_INITIALIZE, RasAdminUserGetInfo(NULL, wide("alice"), &user));
    EQUAL(ERROR_RASMAN_CANNOT_INITIALIZE, RasAdminPortDisconnect(NULL, wide("plain/1")));
}

int main(int count, char **all)
{
    CHECK(count == 2);
    if (!strcmp(all[1], "ports"))
        ports();
    else if (!strcmp(all[1], "users"))
        users();
    else if (!strcmp(all[1], "arguments"))
        arguments();
    else
        nobody();
    return 0;
}
