/* Many threads, many dials, forks. The arguments are a part and a LINE. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dialling.h"

/* many threads with connections of their own and one that all look at */
static HRASCONN common;

static void *worker(void *unused)
{
    int i;
    for (i = 0; i < 3; i++) {
        RASDIALPARAMSA params;
        HRASCONN connection = NULL;
        RAS_STATS stats;
        RASCONNA list[64];
        DWORD bytes = sizeof list, count;
        fill(&params, "", "secret");
        StringCchCopyA(params.szPhoneNumber, RAS_MaxPhoneNumber + 1, (const char *)unused);
        EQUAL(0, RasDialA(NULL, NULL, &params, 0, NULL, &connection));
        EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
        EQUAL(RASCS_Connected, status_of(common).rasconnstate);
        stats.dwSize = sizeof stats;
        EQUAL(0, RasGetConnectionStatistics(common, &stats));
        list[0].dwSize = sizeof list[0];
        EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
        CHECK(count >= 2);
        hang_up(connection);
    }
    return NULL;
}

static void threads(char *line)
{
    pthread_t all[8];
    size_t i;
    common = connected("Office");
    for (i = 0; i < ARRAYSIZE(all); i++)
        EQUAL(0, pthread_create(&all[i], NULL, worker, line));
    for (i = 0; i < ARRAYSIZE(all); i++)
        EQUAL(0, pthread_join(all[i], NULL));
    hang_up(common);
}

/* two threads hang up one handle: one does it */
static void *hangs_up(void *count)
{
    if (RasHangUpA(common) == 0)
        __sync_add_and_fetch((LONG *)count, 1);
    return NULL;
}

static void races(void)
{
    pthread_t all[8];
    LONG good = 0;
    size_t i;
    common = connected("Office");
    for (i = 0; i < ARRAYSIZE(all); i++)
        EQUAL(0, pthread_create(&all[i], NULL, hangs_up, &good));
    for (i = 0; i < ARRAYSIZE(all); i++)
        EQUAL(0, pthread_join(all[i], NULL));
    EQUAL(1, good);
    gone(common);
}

/* a forked child has none of our threads */
static void forks(void)
{
    HRASCONN connection = connected("Office");
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        RASDIALPARAMSA params;
        RASCONNSTATUSA told;
        HRASCONN other = NULL;
        DWORD bytes = 0, count = 0;
        alarm(60);
        /* what it says belongs on no screen */
        dup2(open("/dev/null", O_WRONLY), 2);
        fill(&params, "Second", "secret");
        told.dwSize = sizeof told;
        if (RasDialA(NULL, NULL, &params, 0, NULL, &other) != ERROR_RASMAN_CANNOT_INITIALIZE)
            _exit(1);
        if (RasGetConnectStatusA(connection, &told) != ERROR_RASMAN_CANNOT_INITIALIZE)
            _exit(2);
        if (RasHangUpA(connection) != ERROR_RASMAN_CANNOT_INITIALIZE)
            _exit(3);
        if (RasEnumConnectionsA(NULL, &bytes, &count) != ERROR_RASMAN_CANNOT_INITIALIZE)
            _exit(4);
        /* it becomes another program, in which a leak checker has nothing to find */
        execl("/bin/true", "true", (char *)NULL);
        _exit(5);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    EQUAL(0, status);
    EQUAL(RASCS_Connected, status_of(connection).rasconnstate);
    hang_up(connection);
}

/* dials all day */
static HANDLE last;

static VOID WINAPI until_last(UINT message, RASCONNSTATE state, DWORD error)
{
    (void)message;
    if (error != 0 || (state & RASCS_DONE) != 0)
        SetEvent(last);
}

static int entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void leaks(void)
{
    int i, threads = 0, files = 0;
    DWORD begun;
    last = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (i = 0; i < 25; i++) {
        HRASCONN connection = connected("Office"), told = NULL;
        HANDLE ended = CreateEventA(NULL, FALSE, FALSE, NULL);
        RASDIALPARAMSA params;
        RASCONNA list[4];
        DWORD bytes = sizeof list, count;
        fill(&params, "Second", i % 2 ? "secret" : "wrong");
        EQUAL(0, RasDialA(NULL, NULL, &params, 0, (LPVOID)(ULONG_PTR)until_last, &told));
        EQUAL(WAIT_OBJECT_0, WaitForSingleObject(last, 60000));
        EQUAL(0, RasConnectionNotificationA(connection, ended, RASCN_Disconnection));
        list[0].dwSize = sizeof list[0];
        EQUAL(0, RasEnumConnectionsA(list, &bytes, &count));
        hang_up(told);
        hang_up(connection);
        EQUAL(WAIT_OBJECT_0, WaitForSingleObject(ended, 60000));
        CloseHandle(ended);
        if (i == 4) {
            threads = entries("/proc/self/task");
            files = entries("/proc/self/fd");
        }
    }
    /* a thread that has told its last is on its way out */
    for (begun = GetTickCount(); GetTickCount() - begun < 30000; Sleep(20))
        if (entries("/proc/self/task") <= threads && entries("/proc/self/fd") <= files)
            break;
    CHECK(entries("/proc/self/task") <= threads);
    CHECK(entries("/proc/self/fd") <= files);
    CloseHandle(last);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    if (strcmp(argv[1], "threads") == 0)
        threads(argv[2]);
    else if (strcmp(argv[1], "races") == 0)
        races();
    else if (strcmp(argv[1], "leaks") == 0)
        leaks();
    else if (strcmp(argv[1], "forks") == 0)
        forks();
    else
        return 2;
    puts("good");
    return 0;
}
