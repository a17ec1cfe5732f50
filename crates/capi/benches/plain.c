/* The same rounds by a program that speaks the lines itself: what a library is measured against. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static const char send[] = "{\"type\":\"send\",\"data\":\"Lg==\"}\n";
    static const char receive[] = "{\"type\":\"receive\",\"max\":1,\"timeout\":0}\n";
    static const char complete[] = "{\"type\":\"complete\",\"verdict\":\"failure\",\"user\":\"\",\"domain\":\"\"}\n";
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        if (strstr(line, "\"end\""))
            break;
        if (strstr(line, "\"cQ==\"")) {
            if (write(1, complete, sizeof complete - 1) < 0)
                break;
            continue;
        }
        if (write(1, send, sizeof send - 1) < 0 || write(1, receive, sizeof receive - 1) < 0)
            break;
    }
    return 0;
}
