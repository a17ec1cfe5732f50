/* holds ENTRY PASSWORD [paused]: dials and keeps it. Lines of standard input: "hangup", "leave" (ends without a hang-up),
 * "again" (dials once more), "status", "why" (OpenrasReason), "release" (one hang-up). End of file is "leave". */
#include "dialling.h"

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    HRASCONN connection = NULL, second;
    RASDIALEXTENSIONS extensions;
    RASDIALPARAMSA params;
    RASCONNSTATUSA status;
    char line[64];
    DWORD error;
    CHECK(argc >= 3);
    ZeroMemory(&extensions, sizeof extensions);
    extensions.dwSize = sizeof extensions;
    extensions.dwfOptions = argc == 4 ? RDEOPT_PausedStates : 0;
    fill(&params, argv[1], argv[2]);
    error = RasDialA(&extensions, NULL, &params, 0, NULL, &connection);
    if (argc == 4) {
        CHECK(error != 0 && connection != NULL);
        CHECK((status_of(connection).rasconnstate & RASCS_PAUSED) != 0);
        printf("paused %u\n", error);
        fflush(stdout);
    } else if (error != 0) {
        printf("error %u\n", error);
        if (connection != NULL)
            hang_up(connection);
        return 0;
    } else {
        say("connected");
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "leave") == 0)
            return 0;
        if (strcmp(line, "hangup") == 0) {
            hang_up(connection);
            return 0;
        }
        if (strcmp(line, "again") == 0) {
            second = NULL;
            EQUAL(0, RasDialA(NULL, NULL, &params, 0, NULL, &second));
            CHECK(second == connection);
            say("again");
        } else if (strcmp(line, "release") == 0) {
            EQUAL(0, RasHangUpA(connection));
            say("released");
        } else if (strcmp(line, "status") == 0) {
            ZeroMemory(&status, sizeof status);
            status.dwSize = sizeof status;
            error = RasGetConnectStatusA(connection, &status);
            printf("status %u %d %u\n", error, status.rasconnstate, status.dwError);
            fflush(stdout);
        } else if (strcmp(line, "why") == 0) {
            char why[1024];
            DWORD bytes = sizeof why;
            EQUAL(0, OpenrasReason(connection, why, &bytes));
            printf("why: %s\n", why);
            fflush(stdout);
        }
    }
    return 0;
}
