/* RasGetProjectionInfoEx of a connection, beside what RasGetProjectionInfo says of it. */
#include "../../c_dial/c/dialling.h"
#include <ws2tcpip.h>

int main(void)
{
    HRASCONN connection = connected("Office");
    RASPPPIPA ip;
    RASPPPLCPA lcp;
    RAS_PROJECTION_INFO info;
    DWORD bytes = 0;
    char text[64];
    EQUAL(ERROR_BUFFER_TOO_SMALL, RasGetProjectionInfoEx(connection, NULL, &bytes));
    EQUAL(sizeof info, bytes);
    memset(&info, 0x5A, sizeof info);
    info.version = RASAPIVERSION_500;
    bytes--;
    EQUAL(ERROR_BUFFER_TOO_SMALL, RasGetProjectionInfoEx(connection, &info, &bytes));
    EQUAL(0x5A5A5A5A, (DWORD)info.type);
    info.version = (RASAPIVERSION)9;
    EQUAL(ERROR_INVALID_PARAMETER, RasGetProjectionInfoEx(connection, &info, &bytes));
    info.version = RASAPIVERSION_CURRENT;
    EQUAL(0, RasGetProjectionInfoEx(connection, &info, &bytes));
    EQUAL(PROJECTION_INFO_TYPE_PPP, info.type);
    EQUAL(RASAPIVERSION_CURRENT, info.version);
    ip.dwSize = bytes = sizeof ip;
    EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppIp, &ip, &bytes));
    EQUAL(0, info.ppp.dwIPv4NegotiationError);
    CHECK(InetNtopA(AF_INET, &info.ppp.ipv4Address, text, sizeof text) && !strcmp(text, ip.szIpAddress));
    CHECK(InetNtopA(AF_INET, &info.ppp.ipv4ServerAddress, text, sizeof text) && !strcmp(text, ip.szServerIpAddress));
    lcp.dwSize = bytes = sizeof lcp;
    EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppLcp, &lcp, &bytes));
    EQUAL(RASLCPAP_CHAP, info.ppp.dwAuthenticationProtocol);
    EQUAL(lcp.dwAuthenticationProtocol, info.ppp.dwAuthenticationProtocol);
    EQUAL(RASLCPAD_CHAP_MSV2, info.ppp.dwAuthenticationData);
    EQUAL(ERROR_PROTOCOL_NOT_CONFIGURED, info.ppp.dwCcpError);
    EQUAL(FALSE, info.ppp.fMultilink);
    hang_up(connection);
    return 0;
}
