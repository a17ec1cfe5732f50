/* values_of_pppd ENTRY PASSWORD: dials, says the addresses or the error, waits for a line, hangs up. */
#include "dialling.h"

int main(int argc, char **argv)
{
    HRASCONN connection = NULL;
    RASDIALPARAMSA params;
    RASPPPIPA ip;
    DWORD bytes = sizeof ip, error;
    char line[8];
    CHECK(argc == 3);
    fill(&params, argv[1], argv[2]);
    error = RasDialA(NULL, NULL, &params, 0, NULL, &connection);
    if (error == 0) {
        ip.dwSize = sizeof ip;
        EQUAL(0, RasGetProjectionInfoA(connection, RASP_PppIp, &ip, &bytes));
        printf("%s %s\n", ip.szIpAddress, ip.szServerIpAddress);
        fflush(stdout);
        CHECK(fgets(line, sizeof line, stdin) != NULL);
    } else {
        printf("%u\n", error);
    }
    CHECK(connection != NULL);
    hang_up(connection);
    return error == 0 ? 0 : 1;
}
